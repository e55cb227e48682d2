#include "client/result.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/encode.h"
#include "formats/json.h"
#include "formats/tree.h"

#define PAPERS_MEMORY ((size_t)512 * 1024 * 1024) /* For the papers of one seat. */
#define RESULT_MEMORY ((size_t)256 * 1024 * 1024) /* For a certificate and its report. */

void result_finish(struct result *result)
{
    buffer_finish(&result->certificate);
    buffer_finish(&result->report);
    arena_destroy(result->arena);
    *result = (struct result){.checked = NULL};
}

bool result_read_hearing(const struct options *options, struct result_hearing *out,
                         enum command_exit *exit, struct error *error)
{
    uint64_t attempt = 0;

    if (!options_number(options, "attempt", 1, UINT32_MAX, &attempt, exit, error)) {
        return false;
    }
    out->attempt = (uint32_t)attempt;
    return encode_to_digest(options->arguments[0], &out->case_id) ||
           OPTIONS_USAGE(exit, error, "'%s' is neither a file nor a case, 64 hex characters",
                         options->arguments[0]);
}

void result_path(const struct result_hearing *hearing, const char *what, char out[RESULT_PATH_SIZE])
{
    char id[DIGEST_HEX_SIZE];
    char attempt[32] = "";

    if (hearing->attempt > 0) {
        (void)snprintf(attempt, sizeof(attempt), "?attempt=%u", hearing->attempt);
    }
    int length = snprintf(out, RESULT_PATH_SIZE, "/v1/cases/%s%s%s",
                          encode_digest(&hearing->case_id, id), what, attempt);

    CHECK(length > 0);
    CHECK(length < RESULT_PATH_SIZE);
}

/* GETs what is at WHAT below the case and appends it to OUT. */
static bool fetch(struct web *web, const struct result_hearing *hearing, const char *what,
                  size_t size_max, struct buffer *out, struct error *error)
{
    char path[RESULT_PATH_SIZE];
    struct web_answer answer;

    result_path(hearing, what, path);
    bool is_ok = web_get(web, path, size_max, &answer, error);

    if (is_ok) {
        buffer_append(out, answer.body.data, answer.body.size);
    }
    web_answer_finish(&answer);
    return is_ok;
}

bool result_fetch_certificate(struct web *web, const struct result_hearing *hearing,
                              struct buffer *out, struct error *error)
{
    return fetch(web, hearing, "/certificate", MESSAGE_CERTIFICATE_MAX, out, error);
}

bool result_fetch_papers(struct web *web, const struct result_hearing *hearing, struct buffer *out,
                         struct error *error)
{
    return fetch(web, hearing, "/papers", RESULT_PAPERS_MAX, out, error);
}

bool result_fetch(struct web *web, const struct roster *roster,
                  const struct result_hearing *hearing, struct result *out, struct error *error)
{
    struct arena *arena = arena_create(RESULT_MEMORY);

    *out = (struct result){.arena = arena, .web = web};
    if (!result_fetch_certificate(web, hearing, &out->certificate, error) ||
        !fetch(web, hearing, "/report", REPORT_SIZE_MAX, &out->report, error) ||
        !certificate_check(buffer_bytes(&out->certificate), "certificate of the coordinator",
                           roster, arena, &out->checked, error) ||
        !certificate_check_report(out->checked, roster, buffer_bytes(&out->report),
                                  "report of the coordinator", arena, &out->parsed, &out->index,
                                  error)) {
        return false;
    }
    const struct statement_case *found = &out->checked->statement.cases[out->index];

    if (!digest_equal(&found->id, &hearing->case_id) ||
        (hearing->attempt > 0 && found->attempt != hearing->attempt)) {
        return error_set(error, ERROR_CONFLICT,
                         "the coordinator answers with the result of another hearing");
    }
    return true;
}

/* The sealed papers of one seat as JSON of their own. */
static bool write_sealed(const struct tree *sealed, struct buffer *out, struct error *error)
{
    const struct tree *keys = NULL;
    const char *texts[4] = {NULL};
    static const char *const names[4] = {"case", "docket", "stream", "type"};
    struct json *json = NULL;
    struct json *list = NULL;

    for (size_t i = 0; i < 4; i++) {
        if (!tree_need_text(sealed, names[i], &texts[i], error)) {
            return false;
        }
    }
    if (!tree_need_list(sealed, "keys", &keys, error)) {
        return false;
    }
    json = json_object();
    list = json_list();
    bool is_ok = true;

    for (const struct tree *item = keys->child; is_ok && item != NULL; item = item->next) {
        struct json *entry = json_object();
        const char *key = NULL;
        const char *to = NULL;

        is_ok = tree_need_text(item, "key", &key, error) && tree_need_text(item, "to", &to, error);
        json_set(entry, "key", json_text(is_ok ? key : ""));
        json_set(entry, "to", json_text(is_ok ? to : ""));
        json_add(list, entry);
    }
    for (size_t i = 0; i < 4; i++) {
        json_set(json, names[i], json_text(texts[i]));
    }
    json_set(json, "keys", list);
    json_write(json, out);
    json_destroy(json);
    return is_ok;
}

/* Notes which papers shown in the report are those of PAPERS. */
static bool compare(const struct papers *papers, const struct report *report,
                    struct result_papers *out, struct error *error)
{
    if (!digest_equal(&papers->case_id, &report->case_id) ||
        !digest_equal(&papers->docket, &report->docket) ||
        papers->result.count != report->catalog->criterion_count) {
        return error_set(error, ERROR_CONFLICT, "the papers of seat %u are of another hearing",
                         papers->seat);
    }
    for (size_t i = 0; i < papers->result.count; i++) {
        const struct report_criterion *criterion = &report->criteria[i];

        if (criterion->paper_voice == REPORT_NO_VOICE ||
            !seat_set_has(&report->voices[criterion->paper_voice].seats, papers->seat)) {
            continue;
        }
        enum papers_state state = papers_check(papers, i, &criterion->paper);

        /* One forged paper is not made good by another seat's genuine one. */
        if (out->states[i] != PAPERS_FORGED &&
            (state != PAPERS_OMITTED || out->states[i] != PAPERS_GENUINE)) {
            out->states[i] = (uint8_t)state;
        }
    }
    return true;
}

/* Opens the papers of one seat into ARENA, and says whether that could be done. */
static bool open_seat(const struct tree *item, const struct keys *keys, struct arena *arena,
                      struct papers *out, struct error *error)
{
    struct buffer sealed = {0};
    const struct tree *box = NULL;
    int64_t seat = 0;
    bool is_ok = tree_need_integer(item, "seat", 0, MESSAGE_SEATS_MAX - 1, &seat, error) &&
                 tree_need_map(item, "sealed", &box, error) && write_sealed(box, &sealed, error) &&
                 papers_open(keys, buffer_bytes(&sealed), "papers", arena, out, error);

    buffer_finish(&sealed);
    if (is_ok && out->seat != (uint8_t)seat) {
        return error_set(error, ERROR_CONFLICT, "the papers of seat %u come as those of seat %u",
                         out->seat, (unsigned)seat);
    }
    return is_ok;
}

/* Takes the papers of one seat. Those that cannot be opened or belong elsewhere are passed over:
 * one seat must not keep the others' papers from being read. */
static void take_seat(const struct tree *item, const struct keys *keys, const struct report *report,
                      int seat, struct arena *arena, struct result_papers *out)
{
    struct arena *work = arena_create(PAPERS_MEMORY);
    struct papers papers;
    struct error error;

    out->sealed_count++;
    if (open_seat(item, keys, work, &papers, &error) && compare(&papers, report, out, &error)) {
        bool is_wanted = seat < 0 ? !out->is_open : papers.seat == (uint8_t)seat;

        out->opened_count++;
        out->is_open =
            out->is_open || (is_wanted && open_seat(item, keys, arena, &out->papers, &error));
    }
    arena_destroy(work);
}

bool result_open_papers(struct bytes source, const struct keys *keys, const struct report *report,
                        int seat, struct arena *arena, struct result_papers *out,
                        struct error *error)
{
    struct tree *root = NULL;
    const struct tree *list = NULL;

    *out = (struct result_papers){0};
    if (!tree_parse_json(source, "papers.json", arena, &root, error) ||
        !tree_need_list(root, "papers", &list, error)) {
        return false;
    }
    for (const struct tree *item = list->child; item != NULL; item = item->next) {
        take_seat(item, keys, report, seat, arena, out);
    }
    for (size_t i = 0; i < report->catalog->criterion_count; i++) {
        out->shown_count += report->criteria[i].paper_voice != REPORT_NO_VOICE;
        out->genuine_count += out->states[i] == PAPERS_GENUINE;
        out->omitted_count += out->states[i] == PAPERS_OMITTED;
        out->forged_count += out->states[i] == PAPERS_FORGED;
    }
    return true;
}
