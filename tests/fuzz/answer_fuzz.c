/* Any bytes as what a coordinator answers the client: the state of a case, a refusal, and papers.json
 * beside a genuine report. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/check.h"
#include "client/follow.h"
#include "client/result.h"
#include "tests/report/fixture.h"

#define ARENA_MAX (64 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_state(struct bytes input)
{
    struct follow_state state = {0};
    struct error error = {0};

    if (follow_parse(input, &state, &error)) {
        CHECK(memchr(state.state, '\0', sizeof(state.state)) != NULL);
        CHECK(memchr(state.why, '\0', sizeof(state.why)) != NULL);
    } else {
        CHECK(error.message[0] != '\0');
    }
}

static void try_refusal(struct bytes input)
{
    struct web_answer answer = {.status = 404};
    struct error error = {0};

    buffer_append(&answer.body, input.data, input.size);
    web_refused(&answer, &error);
    CHECK(error.code == ERROR_NOT_FOUND);
    CHECK(error.message[0] != '\0');
    web_answer_finish(&answer);
}

static void try_papers(struct bytes input, const struct fixture *fixture,
                       const struct report *report)
{
    struct arena *arena = arena_create(ARENA_MAX);
    struct result_papers papers;
    struct error error = {0};

    if (result_open_papers(input, fixture->reader, report, -1, arena, &papers, &error)) {
        CHECK(papers.opened_count <= papers.sealed_count);
        CHECK(papers.genuine_count + papers.omitted_count + papers.forged_count <=
              report->catalog->criterion_count);
    } else {
        CHECK(error.message[0] != '\0');
    }
    arena_destroy(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fixture *fixture; /* A council of one, and its report on its only case. */
    static struct report *report;
    struct bytes input = bytes_of(data, size);
    struct buffer text = {0};
    struct error error;

    if (fixture == NULL) {
        fixture = fixture_create(1, 0, 1, fixture_catalog());
        fixture_hear(fixture);
        fixture_report(fixture, 0, &text);
        CHECK(report_parse(buffer_bytes(&text), "report.json", fixture->arena, &report, &error));
        buffer_finish(&text);
    }
    try_state(input);
    try_refusal(input);
    try_papers(input, fixture, report);
    return 0;
}
