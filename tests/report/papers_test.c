/* Working papers: nothing is lost on the way, and nobody else reads them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/seal.h"
#include "report/papers.h"
#include "tests/report/fixture.h"

#define ARENA_MAX (256 * 1024 * 1024)
#define LONG_ROWS 600 /* Of LONG_CELL bytes: more than PAPERS_PLAIN_MAX. */
#define LONG_CELL 8000

struct scene {
    struct fixture *fixture;
    struct arena *arena;
    struct engine_answer answers[FIXTURE_CRITERIA];
    struct dataset_value *rows; /* LONG_ROWS */
    struct papers papers;
    struct buffer plain;
    struct error error;
};

static const char *const columns[] = {"resource", "status", "reason"};

/* Cells as a hostile organisation would fill them. */
static const struct dataset_value cells[] = {
    {.type = DATASET_TEXT, .text = "r1"},
    {.type = DATASET_TEXT, .text = "alarm"},
    {.type = DATASET_TEXT, .text = "Risk \"r1\" has\tno\nowner \\ \xC3\xA9."},
    {.type = DATASET_NULL},
    {.type = DATASET_INTEGER, .integer = INT64_MIN},
    {.type = DATASET_INTEGER, .integer = INT64_MAX},
    {.type = DATASET_INTEGER, .integer = -1},
    {.type = DATASET_TEXT, .text = ""},
    {.type = DATASET_TEXT, .text = "cut \xC3 in half, \x1B[2J and \r"},
};

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));

    assert_non_null(scene);
    scene->fixture = fixture_create(4, 1, 1, fixture_catalog());
    scene->arena = arena_create(ARENA_MAX);
    for (size_t i = 0; i < FIXTURE_CRITERIA; i++) {
        scene->answers[i] = (struct engine_answer){.answer = ANSWER_MET, .note = ""};
    }
    scene->answers[1] = (struct engine_answer){.answer = ANSWER_NOT_MET,
                                               .note = "",
                                               .column_count = 3,
                                               .columns = columns,
                                               .row_count = 3,
                                               .values = cells};
    scene->answers[2] = (struct engine_answer){
        .answer = ANSWER_NONE, .note = "it took too long", .column_count = 3, .columns = columns};
    scene->papers = (struct papers){
        .case_id = {{1}},
        .docket = {{2}},
        .seat = 3,
        .key = {7, 7, 7},
        .result = {.count = FIXTURE_CRITERIA, .answers = scene->answers},
    };
    papers_encode(&scene->papers, fixture_catalog(), &scene->plain);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;

    buffer_finish(&scene->plain);
    arena_destroy(scene->arena);
    fixture_destroy(scene->fixture);
    free(scene->rows);
    free(scene);
    return 0;
}

static void seal(struct scene *scene, struct buffer *out)
{
    assert_true(papers_seal(&scene->papers, buffer_bytes(&scene->plain),
                            keys_public(scene->fixture->submitter)->sealing,
                            &scene->fixture->roster, out, &scene->error));
}

static bool is_opened(struct scene *scene, const struct keys *keys, const struct buffer *sealed,
                      struct papers *out)
{
    return papers_open(keys, buffer_bytes(sealed), "papers.json", scene->arena, out, &scene->error);
}

static void every_cell_comes_back_as_the_engine_gave_it(void **state)
{
    struct scene *scene = *state;
    struct papers papers;

    assert_true(papers_decode(buffer_bytes(&scene->plain), scene->arena, &papers, &scene->error));
    assert_int_equal(papers.seat, 3);
    assert_int_equal(papers.result.count, FIXTURE_CRITERIA);
    assert_string_equal(papers.ids[1], "4.1-2");
    assert_string_equal(papers.result.answers[2].note, "it took too long");
    assert_int_equal(papers.result.answers[1].row_count, 3);
    for (size_t i = 0; i < 9; i++) {
        const struct dataset_value *value = &papers.result.answers[1].values[i];

        assert_int_equal(value->type, cells[i].type);
        if (value->type == DATASET_TEXT) {
            assert_string_equal(value->text, cells[i].text);
        } else if (value->type == DATASET_INTEGER) {
            assert_int_equal(value->integer, cells[i].integer);
        }
    }
}

static void digests_of_the_sheet_tell_genuine_rows_from_forged_ones(void **state)
{
    struct scene *scene = *state;
    struct papers papers;
    struct digest digests[FIXTURE_CRITERIA];

    for (size_t i = 0; i < FIXTURE_CRITERIA; i++) {
        engine_paper_digest(&scene->papers.result, i, scene->papers.key, &digests[i]);
    }
    assert_true(papers_decode(buffer_bytes(&scene->plain), scene->arena, &papers, &scene->error));
    for (size_t i = 0; i < FIXTURE_CRITERIA; i++) {
        assert_int_equal(papers_check(&papers, i, &digests[i]), PAPERS_GENUINE);
    }
    assert_int_equal(papers_check(&papers, 1, &digests[0]), PAPERS_FORGED);

    struct dataset_value forged[9];

    memcpy(forged, cells, sizeof(forged));
    forged[1].text = "ok";
    scene->answers[1].values = forged;
    assert_int_equal(papers_check(&scene->papers, 1, &digests[1]), PAPERS_FORGED);
}

static void submitter_and_readers_open_them_and_nobody_else(void **state)
{
    struct scene *scene = *state;
    struct buffer sealed = {0};
    struct papers papers;

    seal(scene, &sealed);
    assert_null(strstr(buffer_text(&sealed), "owner"));
    assert_true(is_opened(scene, scene->fixture->submitter, &sealed, &papers));
    assert_string_equal(papers.result.answers[1].values[2].text, cells[2].text);
    assert_true(is_opened(scene, scene->fixture->reader, &sealed, &papers));
    assert_false(is_opened(scene, scene->fixture->seats[3], &sealed, &papers));
    assert_int_equal(scene->error.code, ERROR_DENIED);
    buffer_finish(&sealed);
}

static void an_altered_byte_anywhere_is_noticed(void **state)
{
    struct scene *scene = *state;
    struct buffer sealed = {0};
    size_t begin = 0;

    seal(scene, &sealed);
    begin = (size_t)(strstr(buffer_text(&sealed), "\"stream\":\"") - buffer_text(&sealed)) + 10;
    for (size_t i = begin; i + 64 < sealed.size; i += 5) {
        struct papers papers;
        uint8_t was = sealed.data[i];

        sealed.data[i] = was == 'A' ? 'B' : 'A';
        if (is_opened(scene, scene->fixture->reader, &sealed, &papers)) {
            fail_msg("byte %zu", i);
        }
        sealed.data[i] = was;
        arena_reset(scene->arena);
    }
    buffer_finish(&sealed);
}

static void papers_of_another_case_under_this_name_are_refused(void **state)
{
    struct scene *scene = *state;
    struct buffer sealed = {0};
    struct papers papers;

    scene->papers.case_id.data[0] = 9; /* The plain form still says 1. */
    seal(scene, &sealed);
    assert_false(is_opened(scene, scene->fixture->reader, &sealed, &papers));
    assert_int_equal(scene->error.code, ERROR_CORRUPT);

    scene->papers.case_id.data[0] = 1;
    scene->papers.docket.data[0] = 9;
    buffer_clear(&sealed);
    seal(scene, &sealed);
    assert_false(is_opened(scene, scene->fixture->reader, &sealed, &papers));
    assert_int_equal(scene->error.code, ERROR_CORRUPT);
    buffer_finish(&sealed);
}

static void rows_that_do_not_fit_are_left_out_and_counted(void **state)
{
    struct scene *scene = *state;
    struct papers papers;
    struct buffer plain = {0};
    struct buffer sealed = {0};
    char text[LONG_CELL + 1];
    struct digest any = {{0}};

    memset(text, 'x', LONG_CELL);
    text[LONG_CELL] = '\0';
    scene->rows = calloc(LONG_ROWS, sizeof(*scene->rows));
    assert_non_null(scene->rows);
    for (size_t i = 0; i < LONG_ROWS; i++) {
        scene->rows[i] = (struct dataset_value){.type = DATASET_TEXT, .text = text};
    }
    scene->answers[0] = (struct engine_answer){.answer = ANSWER_NOT_MET,
                                               .note = "",
                                               .column_count = 1,
                                               .columns = columns,
                                               .row_count = LONG_ROWS,
                                               .values = scene->rows};
    papers_encode(&scene->papers, fixture_catalog(), &plain);
    assert_true(papers_decode(buffer_bytes(&plain), scene->arena, &papers, &scene->error));
    assert_int_equal(papers.omitted[0], LONG_ROWS);
    assert_int_equal(papers_check(&papers, 0, &any), PAPERS_OMITTED);
    assert_int_equal(papers.omitted[1], 0);
    assert_int_equal(papers.result.answers[1].row_count, 3);

    /* What just fits is sealed within the limit of a message. */
    scene->answers[0].row_count = LONG_ROWS - LONG_ROWS / 7;
    buffer_clear(&plain);
    papers_encode(&scene->papers, fixture_catalog(), &plain);
    assert_true(plain.size > PAPERS_PLAIN_MAX - PAPERS_PLAIN_MAX / 50);
    assert_true(papers_seal(&scene->papers, buffer_bytes(&plain),
                            keys_public(scene->fixture->submitter)->sealing,
                            &scene->fixture->roster, &sealed, &scene->error));
    assert_true(is_opened(scene, scene->fixture->reader, &sealed, &papers));
    assert_int_equal(papers.omitted[0], 0);

    /* One whole chunk of the stream alone is not the papers. */
    struct buffer cut = {0};
    const char *begin = strstr(buffer_text(&sealed), "\"stream\":\"") + 10;
    size_t kept = (SEAL_HEADER_SIZE + SEAL_CHUNK_SIZE + SEAL_CHUNK_MARGIN) / 3 * 4;

    buffer_append(&cut, sealed.data, (size_t)(begin - buffer_text(&sealed)) + kept);
    buffer_append_text(&cut, strstr(begin, "\",\"type\""));
    assert_false(is_opened(scene, scene->fixture->reader, &cut, &papers));
    assert_non_null(strstr(scene->error.message, "break off in the middle"));
    buffer_finish(&cut);
    buffer_finish(&plain);
    buffer_finish(&sealed);
}

static void malformed_papers_are_refused_with_a_reason(void **state)
{
    static const struct {
        const char *from;
        const char *to;
        const char *message;
    } cases[] = {
        {"papers/1", "papers/9", "want \"aims-council-papers/1\""},
        {"\"seat\":3", "\"seat\":127", "seat"},
        {"{\"integer\":\"-1\"}", "{\"integer\":\"-01\"}", "not a whole number"},
        {"{\"integer\":\"-1\"}", "{\"integer\":\"9223372036854775808\"}", "not a whole number"},
        {"{\"integer\":\"-1\"}", "{\"float\":\"1.5\"}", "base64"},
        {"{\"integer\":\"-1\"}", "{\"base64\":\"AA==\"}", "a cell holds a NUL"},
        {"{\"integer\":\"-1\"}", "[]", "a cell is neither"},
        {"null,", "", "a row has 2 cells, want 3"},
        {"\"answer\":\"notMet\"", "\"answer\":\"nice\"", "\"nice\" is no answer"},
    };
    struct scene *scene = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *at = strstr(buffer_text(&scene->plain), cases[i].from);
        struct buffer altered = {0};
        struct papers papers;

        assert_non_null(at);
        buffer_append(&altered, scene->plain.data, (size_t)(at - buffer_text(&scene->plain)));
        buffer_append_text(&altered, cases[i].to);
        buffer_append_text(&altered, at + strlen(cases[i].from));
        if (papers_decode(buffer_bytes(&altered), scene->arena, &papers, &scene->error) ||
            strstr(scene->error.message, cases[i].message) == NULL) {
            fail_msg("%s: \"%s\"", cases[i].to, scene->error.message);
        }
        buffer_finish(&altered);
    }
}

#define SCENE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void what_was_decoded_is_shown_as_it_was(void **state)
{
    struct scene *scene = *state;
    struct papers papers;
    struct buffer criteria = {0};

    assert_true(papers_decode(buffer_bytes(&scene->plain), scene->arena, &papers, &scene->error));
    papers_write_criteria(&papers, &criteria);
    assert_non_null(strstr(buffer_text(&criteria), "\"note\":\"it took too long\""));
    assert_non_null(strstr(buffer_text(&scene->plain), buffer_text(&criteria)));
    buffer_finish(&criteria);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(every_cell_comes_back_as_the_engine_gave_it),
        SCENE_TEST(what_was_decoded_is_shown_as_it_was),
        SCENE_TEST(digests_of_the_sheet_tell_genuine_rows_from_forged_ones),
        SCENE_TEST(submitter_and_readers_open_them_and_nobody_else),
        SCENE_TEST(an_altered_byte_anywhere_is_noticed),
        SCENE_TEST(papers_of_another_case_under_this_name_are_refused),
        SCENE_TEST(rows_that_do_not_fit_are_left_out_and_counted),
        SCENE_TEST(malformed_papers_are_refused_with_a_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
