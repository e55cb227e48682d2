/* Any bytes as what a coordinator answers the client: the state of a case with its hearings, a
 * refusal, a list of misconduct, and papers.json beside a genuine report. */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/check.h"
#include "client/follow.h"
#include "client/hearings.h"
#include "client/proofs.h"
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

static void try_hearings(struct bytes input, FILE *nowhere)
{
    struct arena *arena = arena_create(ARENA_MAX);
    struct tree *tree = NULL;
    struct error error;

    if (tree_parse_json(input, "state", arena, &tree, &error)) {
        hearings_print(hearings_of(tree), nowhere);
    }
    arena_destroy(arena);
}

/* Whatever the list says, its ids lead nowhere else. */
static void try_list(struct bytes input)
{
    struct arena *arena = arena_create(ARENA_MAX);
    struct proofs proofs;
    struct error error = {0};

    if (proofs_parse(input, arena, &proofs, &error)) {
        CHECK(proofs.count <= PROOFS_MAX);
        for (size_t i = 0; i < proofs.count; i++) {
            CHECK(proofs.entries[i].id[0] != '\0');
            CHECK(strpbrk(proofs.entries[i].id, "/.?#%") == NULL);
        }
    } else {
        CHECK(error.message[0] != '\0');
    }
    arena_destroy(arena);
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
    static FILE *nowhere;
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
    if (nowhere == NULL) {
        nowhere = fopen("/dev/null", "w");
        CHECK(nowhere != NULL);
    }
    try_state(input);
    try_hearings(input, nowhere);
    try_list(input);
    try_refusal(input);
    try_papers(input, fixture, report);
    return 0;
}
