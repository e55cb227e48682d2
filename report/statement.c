#include "report/statement.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/encode.h"
#include "crypto/hash.h"
#include "report/emit.h"
#include "report/read.h"
#include "report/when.h"

/* Element floor((k - 1) / 2) of the sorted times: as many liars as honest seats cannot push it
 * beyond what some honest seat signed. */
static uint64_t median_time(const struct verify_book *book)
{
    uint64_t times[MESSAGE_SEATS_MAX];

    CHECK(book->verdict_count > 0);
    CHECK(book->verdict_count <= MESSAGE_SEATS_MAX);
    for (size_t i = 0; i < book->verdict_count; i++) {
        size_t at = i;

        for (; at > 0 && times[at - 1] > book->verdicts[i].assessed_at; at--) {
            times[at] = times[at - 1];
        }
        times[at] = book->verdicts[i].assessed_at;
    }
    return times[(book->verdict_count - 1) / 2];
}

static uint64_t clamp_time(uint64_t seconds)
{
    return seconds < WHEN_MAX ? seconds : WHEN_MAX;
}

static void make_cases(const struct report_source *source, struct statement *out)
{
    const struct message_docket *docket = &source->docket->docket;
    struct digest reports[MESSAGE_CASES_MAX];
    struct report *report = malloc(sizeof(*report));
    struct buffer text = {0};

    CHECK(report != NULL);
    for (size_t i = 0; i < docket->case_count; i++) {
        report_make(source, i, report);
        buffer_clear(&text);
        report_write(report, &text);
        hash_bytes(buffer_bytes(&text), &reports[i]);
        out->cases[i] = (struct statement_case){
            .id = source->docket->cases[i],
            .manifest = docket->cases[i].manifest,
            .report = reports[i],
            .attempt = docket->cases[i].attempt,
            .outcome = report->findings.outcome,
        };
    }
    verify_value(&out->docket, &source->book->digest, reports, docket->case_count, &out->value);
    buffer_finish(&text);
    free(report);
}

void statement_make(const struct report_source *source, uint32_t view, struct statement *out)
{
    const struct roster *roster = source->roster;
    const struct message_docket *docket = &source->docket->docket;

    CHECK(view > 0);
    CHECK(docket->case_count <= MESSAGE_CASES_MAX);
    *out = (struct statement){
        .roster = roster->digest,
        .catalog = docket->catalog,
        .docket = source->docket->scope.docket,
        .view = view,
        .as_of = clamp_time(docket->as_of),
        .assessed_at = clamp_time(median_time(source->book)),
        .quorum = {roster->seat_count, roster->faulty_max, roster->quorum_count},
        .case_count = docket->case_count,
    };
    make_cases(source, out);
}

static void write_case(const struct statement_case *item, struct buffer *out)
{
    emit_comma(out);
    buffer_append_byte(out, '{');
    emit_key(out, "attempt");
    emit_number(out, item->attempt);
    emit_key(out, "case");
    emit_digest(out, &item->id);
    emit_key(out, "manifest");
    emit_digest(out, &item->manifest);
    emit_key(out, "outcome");
    emit_text(out, findings_outcome_name(item->outcome));
    emit_key(out, "report");
    emit_digest(out, &item->report);
    buffer_append_byte(out, '}');
}

static void write_predicate(const struct statement *statement, struct buffer *out)
{
    char when[WHEN_TEXT_SIZE];

    buffer_append_byte(out, '{');
    emit_key(out, "asOf");
    emit_text(out, when_text(statement->as_of, when));
    emit_key(out, "assessedAt");
    emit_text(out, when_text(statement->assessed_at, when));
    emit_key(out, "cases");
    buffer_append_byte(out, '[');
    for (size_t i = 0; i < statement->case_count; i++) {
        write_case(&statement->cases[i], out);
    }
    buffer_append_byte(out, ']');
    emit_key(out, "catalog");
    emit_digest(out, &statement->catalog);
    emit_key(out, "docket");
    emit_digest(out, &statement->docket);
    emit_key(out, "f");
    emit_number(out, statement->quorum.faulty_max);
    emit_key(out, "n");
    emit_number(out, statement->quorum.seat_count);
    emit_key(out, "q");
    emit_number(out, statement->quorum.quorum_count);
    emit_key(out, "roster");
    emit_digest(out, &statement->roster);
    emit_key(out, "value");
    emit_digest(out, &statement->value);
    emit_key(out, "view");
    emit_number(out, statement->view);
    buffer_append_byte(out, '}');
}

void statement_write(const struct statement *statement, struct buffer *out)
{
    buffer_append_byte(out, '{');
    emit_key(out, "_type");
    emit_text(out, STATEMENT_TYPE);
    emit_key(out, "predicate");
    write_predicate(statement, out);
    emit_key(out, "predicateType");
    emit_text(out, STATEMENT_PREDICATE_TYPE);
    emit_key(out, "subject");
    buffer_append_byte(out, '[');
    for (size_t i = 0; i < statement->case_count; i++) {
        char id[DIGEST_HEX_SIZE];

        emit_comma(out);
        buffer_append_byte(out, '{');
        emit_key(out, "digest");
        buffer_append_byte(out, '{');
        emit_key(out, "sha256");
        emit_digest(out, &statement->cases[i].report);
        buffer_append_byte(out, '}');
        emit_key(out, "name");
        buffer_format(out, "\"%s/%u\"}", encode_digest(&statement->cases[i].id, id),
                      statement->cases[i].attempt);
    }
    buffer_append_text(out, "]}");
}

static bool read_case(const struct tree *node, struct statement_case *out, struct error *error)
{
    const char *outcome = NULL;

    if (!read_number(node, "attempt", 1, UINT32_MAX, &out->attempt, error) ||
        !read_digest(node, "case", &out->id, error) ||
        !read_digest(node, "manifest", &out->manifest, error) ||
        !read_digest(node, "report", &out->report, error) ||
        !read_name(node, "outcome", &outcome, error)) {
        return false;
    }
    out->outcome = findings_outcome_of(outcome);
    return out->outcome != 0 ||
           READ_FAIL(node, error, "outcome is \"%.40s\", want unheard, contested or conclusive",
                     outcome);
}

static bool read_predicate(const struct tree *node, struct statement *out, struct error *error)
{
    const struct tree *cases = NULL;

    if (!read_digest(node, "catalog", &out->catalog, error) ||
        !read_digest(node, "docket", &out->docket, error) ||
        !read_digest(node, "roster", &out->roster, error) ||
        !read_digest(node, "value", &out->value, error) ||
        !read_number(node, "view", 1, UINT32_MAX, &out->view, error) ||
        !read_time(node, "asOf", &out->as_of, error) ||
        !read_time(node, "assessedAt", &out->assessed_at, error) ||
        !read_quorum(node, &out->quorum, error) ||
        !read_list(node, "cases", TREE_MAP, 1, MESSAGE_CASES_MAX, &cases, error)) {
        return false;
    }
    for (const struct tree *item = cases->child; item != NULL; item = item->next) {
        if (!read_case(item, &out->cases[out->case_count++], error)) {
            return false;
        }
    }
    return true;
}

bool statement_parse(struct bytes source, struct arena *arena, struct statement *out,
                     struct error *error)
{
    struct statement statement = {.view = 0};
    const struct tree *predicate = NULL;
    struct tree *root = NULL;
    struct buffer again = {0};

    if (source.size > MESSAGE_STATEMENT_MAX) {
        return error_set(error, ERROR_LIMIT, "statement: %zu bytes are more than %d", source.size,
                         MESSAGE_STATEMENT_MAX);
    }
    if (!tree_parse_json(source, "statement", arena, &root, error)) {
        return false;
    }
    if (root->type != TREE_MAP) {
        return READ_FAIL(root, error, "a statement is a map");
    }
    if (!read_word(root, "_type", STATEMENT_TYPE, error) ||
        !read_word(root, "predicateType", STATEMENT_PREDICATE_TYPE, error) ||
        !tree_need_map(root, "predicate", &predicate, error) ||
        !read_predicate(predicate, &statement, error)) {
        return false;
    }
    statement_write(&statement, &again);
    bool is_canonical = bytes_equal(buffer_bytes(&again), source);

    buffer_finish(&again);
    if (!is_canonical) {
        return READ_FAIL(root, error, "subjects do not match the cases, or the form is not ours");
    }
    *out = statement;
    return true;
}

/* True when the digests are equal; else says that FIELD differs. */
static bool same_digest(const struct digest *mine, const struct digest *theirs, const char *field,
                        struct error *error)
{
    char left[DIGEST_HEX_SIZE];
    char right[DIGEST_HEX_SIZE];

    return digest_equal(mine, theirs) ||
           error_set(error, ERROR_CONFLICT, "%s is %s here and %s there", field,
                     encode_digest(mine, left), encode_digest(theirs, right));
}

static bool same_number(uint64_t mine, uint64_t theirs, const char *field, struct error *error)
{
    return mine == theirs ||
           error_set(error, ERROR_CONFLICT, "%s is %" PRIu64 " here and %" PRIu64 " there", field,
                     mine, theirs);
}

static bool same_case(const struct statement_case *mine, const struct statement_case *theirs,
                      struct error *error)
{
    return same_digest(&mine->id, &theirs->id, "case", error) &&
           same_number(mine->attempt, theirs->attempt, "attempt", error) &&
           same_digest(&mine->manifest, &theirs->manifest, "manifest", error) &&
           same_number(mine->outcome, theirs->outcome, "outcome", error) &&
           same_digest(&mine->report, &theirs->report, "report", error);
}

bool statement_compare(const struct statement *mine, const struct statement *theirs,
                       struct error *error)
{
    if (!same_digest(&mine->roster, &theirs->roster, "roster", error) ||
        !same_digest(&mine->docket, &theirs->docket, "docket", error) ||
        !same_digest(&mine->catalog, &theirs->catalog, "catalogue", error) ||
        !same_number(mine->quorum.seat_count, theirs->quorum.seat_count, "n", error) ||
        !same_number(mine->quorum.faulty_max, theirs->quorum.faulty_max, "f", error) ||
        !same_number(mine->as_of, theirs->as_of, "asOf", error) ||
        !same_number(mine->assessed_at, theirs->assessed_at, "assessedAt", error) ||
        !same_number(mine->case_count, theirs->case_count, "number of cases", error)) {
        return false;
    }
    for (size_t i = 0; i < mine->case_count; i++) {
        if (!same_case(&mine->cases[i], &theirs->cases[i], error)) {
            return error_wrap(error, "case %zu", i);
        }
    }
    return same_digest(&mine->value, &theirs->value, "value", error);
}
