/* Everything that a stranger can hand to `aims verify` and `aims report`: certificates, statements,
 * reports and working papers. What is accepted must be written back byte for byte. */

#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "report/certificate.h"
#include "report/papers.h"
#include "tests/report/fixture.h"

#define ARENA_MAX (64 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_statement(struct bytes input, struct arena *arena)
{
    struct statement statement;
    struct error error;

    if (statement_parse(input, arena, &statement, &error)) {
        struct buffer again = {0};

        statement_write(&statement, &again);
        CHECK(bytes_equal(buffer_bytes(&again), input));
        buffer_finish(&again);
    }
}

static void try_report(struct bytes input, struct arena *arena)
{
    struct report *report = NULL;
    struct error error;

    if (report_parse(input, "report.json", arena, &report, &error)) {
        struct buffer again = {0};

        report_write(report, &again);
        CHECK(bytes_equal(buffer_bytes(&again), input));
        buffer_finish(&again);
    }
}

static void try_papers(struct bytes input, const struct fixture *fixture, struct arena *arena)
{
    struct papers papers;
    struct error error;

    if (papers_decode(input, arena, &papers, &error)) {
        for (size_t i = 0; i < papers.result.count; i++) {
            (void)papers_check(&papers, i, &papers.docket);
        }
    }
    if (papers_open(fixture->reader, input, "papers.json", arena, &papers, &error)) {
        CHECK(papers.result.count > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fixture *fixture; /* A council of one: the corpus holds its certificate. */
    struct bytes input = bytes_of(data, size);
    struct certificate *certificate = NULL;
    struct error error;

    if (fixture == NULL) {
        fixture = fixture_create(1, 0, 1, fixture_catalog());
    }
    struct arena *arena = arena_create(ARENA_MAX);

    if (certificate_check(input, "certificate", &fixture->roster, arena, &certificate, &error)) {
        CHECK(certificate->vote_count == 1);
    }
    try_statement(input, arena);
    try_report(input, arena);
    try_papers(input, fixture, arena);
    arena_destroy(arena);
    return 0;
}
