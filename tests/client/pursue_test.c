/* A case pursued before coordinators that are down, refuse, stall, bustle or lie. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/delay.h"
#include "client/pursue.h"
#include "crypto/hash.h"
#include "report/certificate.h"
#include "tests/client/desk.h"
#include "tests/report/fixture.h"

#define ARENA_MAX ((size_t)512 * 1024 * 1024)

enum { SEATS = 5, DESKS = 3, PATIENCE_MS = 300, TIMEOUT_MS = 60000 };

/* How an attempt ends. */
enum end {
    NOT_HEARD = 0,
    UNHEARD,
    DISPUTED,     /* All came, and disagree. */
    INCONCLUSIVE, /* One is missing who could have made a quorum. */
    CONCLUSIVE,
};

struct scene {
    struct fixture *fixture;
    struct arena *arena;
    struct desk_council council;
    struct desk desks[DESKS];
    struct connect connect;
    struct filing filing;
    struct pursue_options options;
    struct result result;
    struct error error;
};

/* Has the fixture's council end attempt ATTEMPT as END says. n = 5, f = 1, q = 4. */
static void hear(struct scene *scene, uint32_t attempt, enum end end)
{
    struct fixture *fixture = scene->fixture;
    struct desk_result *out = &scene->council.results[attempt];

    for (uint8_t seat = 0; seat < SEATS; seat++) {
        struct fixture_vote *vote = fixture_vote(fixture, seat, 0);
        bool is_missing = (end == UNHEARD && seat < 2) || (end == INCONCLUSIVE && seat == 0);
        bool is_other = (end == DISPUTED && seat < 2) || (end == INCONCLUSIVE && seat == 1);

        vote->is_assessed = !is_missing;
        vote->reason = is_missing ? MESSAGE_TOO_LATE : MESSAGE_ASSESSED;
        vote->answers[1] = is_other ? ANSWER_NOT_MET : ANSWER_MET;
    }
    fixture->attempt = attempt;
    fixture->earlier = attempt > 1 ? bytes_of_text("earlier") : bytes_of(NULL, 0);
    fixture_hear(fixture);
    fixture_report(fixture, 0, &out->report);
    fixture_certify(fixture, 4, &out->certificate);
    if (attempt == 1) {
        fixture_certify(fixture, 3, &scene->council.forged);
    }
    out->outcome = end == CONCLUSIVE ? FINDINGS_CONCLUSIVE
                   : end == UNHEARD  ? FINDINGS_UNHEARD
                                     : FINDINGS_IN_DISPUTE;
}

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));

    assert_non_null(scene);
    scene->fixture = fixture_create_wide(SEATS, 1, DESKS, 1, fixture_catalog());
    scene->arena = arena_create(ARENA_MAX);
    assert_int_equal(pthread_mutex_init(&scene->council.mutex, NULL), 0);
    scene->options = (struct pursue_options){
        .attempt_count = DESK_ATTEMPTS_MAX, .patience_ms = PATIENCE_MS, .timeout_ms = TIMEOUT_MS};
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;

    result_finish(&scene->result);
    for (size_t i = 0; i < scene->connect.count; i++) {
        web_close(scene->connect.coordinators[i].web);
        desk_close(&scene->desks[i]);
    }
    for (size_t i = 0; i <= DESK_ATTEMPTS_MAX; i++) {
        buffer_finish(&scene->council.results[i].certificate);
        buffer_finish(&scene->council.results[i].report);
    }
    buffer_finish(&scene->council.forged);
    (void)pthread_mutex_destroy(&scene->council.mutex);
    arena_destroy(scene->arena);
    fixture_destroy(scene->fixture);
    free(scene);
    return 0;
}

/* Opens a desk of each of the COUNT BEHAVIOURS before a council that ends its attempts as ENDS. */
static void convene(struct scene *scene, const enum desk_behaviour *behaviours, size_t count,
                    const enum end *ends, size_t end_count)
{
    const struct keys *keys = scene->fixture->submitter;
    struct message_header *header = &scene->filing.header;

    for (size_t i = 0; i < end_count; i++) {
        hear(scene, (uint32_t)i + 1, ends[i]);
    }
    scene->connect.roster = scene->fixture->roster;
    for (size_t i = 0; i < count; i++) {
        desk_open(&scene->desks[i], &scene->council, (uint8_t)i, behaviours[i]);
        scene->connect.coordinators[i] =
            (struct connect_coordinator){.index = (uint8_t)i, .url = scene->desks[i].url};
        assert_true(web_open(scene->desks[i].url, keys, NULL, &scene->connect.coordinators[i].web,
                             &scene->error));
        scene->connect.count++;
    }
    scene->filing = (struct filing){.keys = keys,
                                    .roster = &scene->connect.roster,
                                    .arena = scene->arena,
                                    .file = bytes_of_text("a bundle"),
                                    .case_id = scene->fixture->docket.cases[0]};
    header->roster = scene->connect.roster.digest;
    header->manifest = (struct digest){{0x3A}};
    hash_bytes(scene->filing.file, &header->bundle);
    header->bundle_size = scene->filing.file.size;
    header->catalog = scene->fixture->catalog->digest;
    memcpy(header->signing, keys_public(keys)->signing, MESSAGE_KEY_SIZE);
    memcpy(header->sealing, keys_public(keys)->sealing, MESSAGE_KEY_SIZE);
}

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define CONVENE(scene, behaviours, ends)                                                           \
    convene((scene), (behaviours), COUNT(behaviours), (ends), COUNT(ends))

static bool pursue(struct scene *scene)
{
    return pursue_case(&scene->connect, &scene->filing, &scene->options, &scene->result,
                       &scene->error);
}

static void assert_result(struct scene *scene, uint32_t attempt, enum findings_outcome outcome)
{
    if (!pursue(scene)) {
        fail_msg("%s", scene->error.message);
    }
    assert_int_equal(scene->result.parsed->attempt, attempt);
    assert_int_equal(scene->result.parsed->findings.outcome, outcome);
}

/* What was handed in: "desk:attempt" each, each at the desk that its header names as home. */
static void assert_posts(const struct scene *scene, const char *want)
{
    struct buffer text = {0};

    for (size_t i = 0; i < scene->council.post_count; i++) {
        const struct desk_post *post = &scene->council.posts[i];

        assert_int_equal(post->home, post->desk);
        assert_int_equal(post->earlier_size > 0, post->attempt > 1);
        buffer_format(&text, "%s%u:%u", i == 0 ? "" : " ", post->desk, post->attempt);
    }
    assert_string_equal(buffer_text(&text), want);
    buffer_finish(&text);
}

static void a_conclusion_ends_it(void **state)
{
    static const enum desk_behaviour desks[] = {DESK_HONEST, DESK_HONEST};
    static const enum end ends[] = {CONCLUSIVE, CONCLUSIVE};
    struct scene *scene = *state;

    CONVENE(scene, desks, ends);
    assert_result(scene, 1, FINDINGS_CONCLUSIVE);
    assert_posts(scene, "0:1");
}

static void a_coordinator_that_is_down_costs_no_waiting(void **state)
{
    static const enum desk_behaviour desks[] = {DESK_DOWN, DESK_HONEST};
    static const enum end ends[] = {CONCLUSIVE};
    struct scene *scene = *state;

    CONVENE(scene, desks, ends);
    scene->options.patience_ms = TIMEOUT_MS; /* It would be over before this has passed once. */
    assert_result(scene, 1, FINDINGS_CONCLUSIVE);
    assert_posts(scene, "1:1");
}

static void without_progress_the_next_is_named(void **state)
{
    static const enum desk_behaviour desks[] = {DESK_STALLS, DESK_STALLS, DESK_HONEST};
    static const enum end ends[] = {CONCLUSIVE};
    struct scene *scene = *state;

    CONVENE(scene, desks, ends);
    assert_result(scene, 1, FINDINGS_CONCLUSIVE);
    assert_posts(scene, "0:1 1:1 2:1");
}

static void the_one_to_begin_with_may_be_chosen(void **state)
{
    static const enum desk_behaviour desks[] = {DESK_HONEST, DESK_STALLS, DESK_STALLS};
    static const enum end ends[] = {CONCLUSIVE};
    struct scene *scene = *state;

    CONVENE(scene, desks, ends);
    scene->connect.first = 2;
    assert_result(scene, 1, FINDINGS_CONCLUSIVE);
    assert_posts(scene, "2:1 0:1");
}

static void a_coordinator_that_only_tells_of_progress_is_left(void **state)
{
    static const enum desk_behaviour desks[] = {DESK_BUSTLES, DESK_HONEST};
    static const enum end ends[] = {CONCLUSIVE};
    struct scene *scene = *state;

    CONVENE(scene, desks, ends);
    assert_result(scene, 1, FINDINGS_CONCLUSIVE);
    assert_posts(scene, "0:1 1:1");
}

static void a_certificate_that_too_few_have_signed_is_no_answer(void **state)
{
    static const enum desk_behaviour desks[] = {DESK_LIES, DESK_HONEST};
    static const enum end ends[] = {CONCLUSIVE};
    struct scene *scene = *state;

    CONVENE(scene, desks, ends);
    assert_result(scene, 1, FINDINGS_CONCLUSIVE);
    assert_int_equal(scene->result.checked->vote_count, 4);
    assert_posts(scene, "0:1 1:1");
}

static void who_forgets_the_case_is_left(void **state)
{
    static const enum desk_behaviour desks[] = {DESK_FORGETS, DESK_HONEST};
    static const enum end ends[] = {CONCLUSIVE};
    struct scene *scene = *state;

    CONVENE(scene, desks, ends);
    assert_result(scene, 1, FINDINGS_CONCLUSIVE);
    assert_posts(scene, "0:1 1:1");
}

static void an_unheard_case_is_heard_again_at_the_next(void **state)
{
    static const enum desk_behaviour desks[] = {DESK_HONEST, DESK_HONEST};
    static const enum end ends[] = {UNHEARD, UNHEARD, CONCLUSIVE};
    struct scene *scene = *state;

    CONVENE(scene, desks, ends);
    assert_result(scene, 3, FINDINGS_CONCLUSIVE);
    assert_posts(scene, "0:1 1:2 0:3");
}

static void a_contested_case_is_heard_again_where_the_missing_could_help(void **state)
{
    static const enum desk_behaviour desks[] = {DESK_HONEST, DESK_HONEST};
    static const enum end ends[] = {INCONCLUSIVE, DISPUTED};
    struct scene *scene = *state;

    CONVENE(scene, desks, ends);
    assert_result(scene, 2, FINDINGS_IN_DISPUTE);
    assert_posts(scene, "0:1 1:2");
}

static void plain_disagreement_goes_to_people(void **state)
{
    static const enum desk_behaviour desks[] = {DESK_HONEST, DESK_HONEST};
    static const enum end ends[] = {DISPUTED, CONCLUSIVE};
    struct scene *scene = *state;

    CONVENE(scene, desks, ends);
    assert_result(scene, 1, FINDINGS_IN_DISPUTE);
    assert_posts(scene, "0:1");
}

static void attempts_are_limited(void **state)
{
    static const enum desk_behaviour desks[] = {DESK_HONEST};
    static const enum end ends[] = {UNHEARD, UNHEARD, CONCLUSIVE};
    struct scene *scene = *state;

    CONVENE(scene, desks, ends);
    scene->options.attempt_count = 2;
    assert_result(scene, 2, FINDINGS_UNHEARD);
    assert_posts(scene, "0:1 0:2");
}

/* What was heard stands before what was not, whichever came later. */
static void what_was_heard_stands(void **state)
{
    static const enum desk_behaviour desks[] = {DESK_HONEST};
    static const enum end ends[] = {INCONCLUSIVE, UNHEARD};
    struct scene *scene = *state;

    CONVENE(scene, desks, ends);
    scene->options.attempt_count = 2;
    assert_result(scene, 1, FINDINGS_IN_DISPUTE);
    assert_posts(scene, "0:1 0:2");
}

static void an_interrupted_run_goes_on_where_it_was(void **state)
{
    static const enum desk_behaviour desks[] = {DESK_DOWN, DESK_HONEST, DESK_HONEST};
    static const enum end ends[] = {INCONCLUSIVE, UNHEARD, CONCLUSIVE};
    struct scene *scene = *state;

    CONVENE(scene, desks, ends);
    scene->council.decided = 2;
    assert_result(scene, 3, FINDINGS_CONCLUSIVE);
    assert_posts(scene, "2:3");
}

static void a_case_that_is_concluded_is_not_handed_in_again(void **state)
{
    static const enum desk_behaviour desks[] = {DESK_STALLS, DESK_LIES, DESK_HONEST};
    static const enum end ends[] = {UNHEARD, CONCLUSIVE};
    struct scene *scene = *state;

    CONVENE(scene, desks, ends);
    scene->council.decided = 2;
    assert_result(scene, 2, FINDINGS_CONCLUSIVE);
    assert_posts(scene, "");
}

/* Attempt 2 was begun before attempt 1 ended, and came to nothing. */
static void a_conclusion_that_came_late_stands(void **state)
{
    static const enum desk_behaviour desks[] = {DESK_HONEST, DESK_HONEST};
    static const enum end ends[] = {CONCLUSIVE, UNHEARD};
    struct scene *scene = *state;

    CONVENE(scene, desks, ends);
    scene->council.decided = 2;
    scene->desks[0].hidden = 1; /* Only the second one has heard of it. */
    assert_result(scene, 1, FINDINGS_CONCLUSIVE);
    assert_posts(scene, "");
}

static void what_was_heard_stands_when_it_is_looked_up_later(void **state)
{
    static const enum desk_behaviour desks[] = {DESK_HONEST};
    static const enum end ends[] = {INCONCLUSIVE, UNHEARD};
    struct scene *scene = *state;

    CONVENE(scene, desks, ends);
    scene->council.decided = 2;
    scene->options.attempt_count = 2;
    assert_result(scene, 1, FINDINGS_IN_DISPUTE);
    assert_posts(scene, "");
}

static void an_attempt_that_is_under_way_is_joined(void **state)
{
    static const enum desk_behaviour desks[] = {DESK_HONEST};
    static const enum end ends[] = {UNHEARD};
    struct scene *scene = *state;

    CONVENE(scene, desks, ends);
    scene->council.decided = 2; /* Attempt 2 is in hand, and will not end. */
    scene->options.timeout_ms = 8 * PATIENCE_MS;
    assert_result(scene, 1, FINDINGS_UNHEARD);
    assert_true(scene->council.post_count > 0);
    assert_int_equal(scene->council.posts[0].attempt, 2);
}

static void coordinators_that_come_back_are_found(void **state)
{
    static const enum desk_behaviour desks[] = {DESK_WAKES, DESK_DOWN};
    static const enum end ends[] = {CONCLUSIVE};
    struct scene *scene = *state;

    CONVENE(scene, desks, ends);
    assert_result(scene, 1, FINDINGS_CONCLUSIVE);
    assert_posts(scene, "0:1");
}

static void coordinators_that_are_down_are_not_asked_in_a_circle(void **state)
{
    static const enum desk_behaviour desks[] = {DESK_DOWN, DESK_DOWN};
    static const enum end ends[] = {CONCLUSIVE};
    struct scene *scene = *state;

    CONVENE(scene, desks, ends);
    scene->options.timeout_ms = 12 * PATIENCE_MS;
    assert_false(pursue(scene));
    assert_int_equal(scene->error.code, ERROR_TIMEOUT);
    /* A question each; two tries at each without waiting, and at most two rounds with. */
    assert_in_range(scene->council.connection_count, 4, 2 + 4 + 8);
}

/* What one refused of attempt 1 is no reason to give up attempt 2. */
static void refusals_are_of_one_attempt(void **state)
{
    static const enum desk_behaviour desks[] = {DESK_EVEN, DESK_ODD};
    static const enum end ends[] = {UNHEARD, CONCLUSIVE};
    struct scene *scene = *state;

    CONVENE(scene, desks, ends);
    assert_result(scene, 2, FINDINGS_CONCLUSIVE);
    assert_posts(scene, "0:1 1:1 1:2 0:2");
}

static void when_all_refuse_for_good_it_says_why(void **state)
{
    static const enum desk_behaviour desks[] = {DESK_REFUSES, DESK_REFUSES};
    static const enum end ends[] = {CONCLUSIVE};
    struct scene *scene = *state;

    CONVENE(scene, desks, ends);
    assert_false(pursue(scene));
    assert_int_equal(scene->error.code, ERROR_DENIED);
    assert_non_null(strstr(scene->error.message, "not on the list"));
    assert_posts(scene, "0:1 1:1");
}

static void time_that_is_over_is_said_so(void **state)
{
    static const enum desk_behaviour desks[] = {DESK_STALLS};
    static const enum end ends[] = {CONCLUSIVE};
    struct scene *scene = *state;

    CONVENE(scene, desks, ends);
    scene->options.timeout_ms = 2 * PATIENCE_MS;
    assert_false(pursue(scene));
    assert_int_equal(scene->error.code, ERROR_TIMEOUT);
    assert_non_null(strstr(scene->error.message, "submit the same bundle again"));
}

/* The time is over while the second attempt is waited for. */
static void what_there_is_when_the_time_is_over_is_the_result(void **state)
{
    static const enum desk_behaviour desks[] = {DESK_HONEST};
    static const enum end ends[] = {INCONCLUSIVE};
    struct scene *scene = *state;

    CONVENE(scene, desks, ends);
    scene->options.timeout_ms = 8 * PATIENCE_MS;
    assert_result(scene, 1, FINDINGS_IN_DISPUTE);
}

static void who_knows_better_may_have_a_disputed_case_heard_again_at_once(void **state)
{
    static const enum desk_behaviour desks[] = {DESK_HONEST, DESK_HONEST};
    static const enum end ends[] = {DISPUTED, CONCLUSIVE};
    struct scene *scene = *state;
    struct certificate *earlier = NULL;

    CONVENE(scene, desks, ends);
    scene->council.decided = 1;
    scene->options.patience_ms = TIMEOUT_MS;
    scene->options.earlier_bytes = buffer_bytes(&scene->council.results[1].certificate);
    assert_true(certificate_check(scene->options.earlier_bytes, "earlier", &scene->connect.roster,
                                  scene->arena, &earlier, &scene->error));
    scene->options.earlier = earlier;
    assert_result(scene, 2, FINDINGS_CONCLUSIVE);
    assert_posts(scene, "0:2");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_conclusion_ends_it),
        TEST(a_coordinator_that_is_down_costs_no_waiting),
        TEST(without_progress_the_next_is_named),
        TEST(the_one_to_begin_with_may_be_chosen),
        TEST(a_coordinator_that_only_tells_of_progress_is_left),
        TEST(a_certificate_that_too_few_have_signed_is_no_answer),
        TEST(who_forgets_the_case_is_left),
        TEST(an_unheard_case_is_heard_again_at_the_next),
        TEST(a_contested_case_is_heard_again_where_the_missing_could_help),
        TEST(plain_disagreement_goes_to_people),
        TEST(attempts_are_limited),
        TEST(what_was_heard_stands),
        TEST(an_interrupted_run_goes_on_where_it_was),
        TEST(a_case_that_is_concluded_is_not_handed_in_again),
        TEST(a_conclusion_that_came_late_stands),
        TEST(what_was_heard_stands_when_it_is_looked_up_later),
        TEST(an_attempt_that_is_under_way_is_joined),
        TEST(coordinators_that_come_back_are_found),
        TEST(coordinators_that_are_down_are_not_asked_in_a_circle),
        TEST(refusals_are_of_one_attempt),
        TEST(when_all_refuse_for_good_it_says_why),
        TEST(time_that_is_over_is_said_so),
        TEST(what_there_is_when_the_time_is_over_is_the_result),
        TEST(who_knows_better_may_have_a_disputed_case_heard_again_at_once),
    };

    keys_library_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
