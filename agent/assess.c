#include "agent/assess.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/encode.h"
#include "crypto/seal.h"
#include "evidence/bundle.h"
#include "evidence/load.h"
#include "evidence/schema.h"
#include "formats/json.h"
#include "formats/tree.h"
#include "report/findings.h"
#include "report/papers.h"
#include "report/when.h"
#include "rules/catalog.h"
#include "rules/engine.h"
#include "rules/ruleset.h"

#define LOADED_SIZE_MAX  (64U * 1024 * 1024)  /* Bytes of catalogue, rule set and schema. */
#define BUNDLE_SIZE_MAX  (400U * 1024 * 1024) /* Bytes that one bundle may unfold into. */
#define REQUEST_SIZE_MAX (64U * 1024)

struct assess {
    struct arena *loaded;
    struct arena *work; /* Reset for every bundle. */
    struct catalog catalog;
    struct ruleset ruleset;
    struct schema schema;
    struct engine *engine;
};

struct request {
    const char *bundle;
    struct papers papers; /* case_id, docket, seat and key. */
    bool is_plain;
    bool wants_papers;
    /* What was found. */
    struct dataset dataset;
    uint32_t period_end; /* Day. */
};

bool assess_create(const struct assess_options *options, struct assess **out, struct error *error)
{
    struct assess *assess = calloc(1, sizeof(*assess));
    struct engine_options engine_options = {0};

    CHECK(assess != NULL);
    assess->loaded = arena_create(LOADED_SIZE_MAX);
    assess->work = arena_create(BUNDLE_SIZE_MAX);
    if (!schema_load(options->schema, assess->loaded, &assess->schema, error) ||
        !catalog_load(options->catalog, assess->loaded, &assess->catalog, error) ||
        !ruleset_load(options->ruleset, &assess->catalog, assess->loaded, &assess->ruleset,
                      error) ||
        !engine_create(&assess->catalog, &assess->ruleset, &assess->schema, &engine_options,
                       &assess->engine, error)) {
        assess_destroy(assess);
        return false;
    }
    *out = assess;
    return true;
}

void assess_destroy(struct assess *assess)
{
    if (assess != NULL) {
        engine_destroy(assess->engine);
        arena_destroy(assess->work);
        arena_destroy(assess->loaded);
        free(assess);
    }
}

static void write_answer(struct json *json, struct buffer *out)
{
    buffer_clear(out);
    json_write(json, out);
    json_destroy(json);
}

void assess_greeting(const struct assess *assess, struct buffer *out)
{
    struct json *json = json_object();

    json_set(json, "status", json_text("ready"));
    json_set(json, "catalog", json_digest(&assess->catalog.digest));
    json_set(json, "ruleset", json_digest(&assess->ruleset.digest));
    json_set(json, "criteria", json_integer((int64_t)assess->catalog.criterion_count));
    write_answer(json, out);
}

static bool need_digest(const struct tree *tree, const char *key, struct digest *out,
                        struct error *error)
{
    const char *text = NULL;

    if (!tree_need_text(tree, key, &text, error)) {
        return false;
    }
    return encode_to_digest(text, out) ||
           error_set(error, ERROR_INVALID, "\"%s\" is not 64 hex characters", key);
}

static bool parse_request(struct bytes source, struct arena *arena, struct request *out,
                          struct error *error)
{
    struct tree *tree = NULL;
    int64_t seat = 0;
    const char *key = NULL;

    *out = (struct request){.is_plain = true};
    if (!tree_parse_json(source, "request", arena, &tree, error) ||
        !tree_need_text(tree, "bundle", &out->bundle, error) ||
        !need_digest(tree, "case", &out->papers.case_id, error) ||
        !need_digest(tree, "docket", &out->papers.docket, error) ||
        !tree_need_integer(tree, "seat", 0, MESSAGE_SEATS_MAX - 1, &seat, error)) {
        return false;
    }
    const struct tree *papers = tree_get(tree, "papers");

    out->papers.seat = (uint8_t)seat;
    out->wants_papers = papers != NULL && papers->type == TREE_BOOLEAN && papers->integer == 1;
    if (tree_get(tree, "key") != NULL) {
        if (!tree_need_text(tree, "key", &key, error)) {
            return false;
        }
        if (!encode_from_hex(key, out->papers.key, sizeof(out->papers.key))) {
            return error_set(error, ERROR_INVALID, "\"key\" is not a key in hex");
        }
        out->is_plain = false;
    }
    return true;
}

static void refuse(const char *status, const struct error *why, struct buffer *answer)
{
    struct json *json = json_object();

    json_set(json, "status", json_text(status));
    json_set(json, "message", json_text(why->message));
    write_answer(json, answer);
}

static void write_assessed(const struct assess *assess, const struct request *request,
                           struct buffer *answer)
{
    const struct engine_result *result = &request->papers.result;
    struct json *json = json_object();
    struct json *papers = json_list();
    char answers[CATALOG_CRITERIA_MAX + 1];

    for (size_t i = 0; i < result->count; i++) {
        struct digest digest;

        engine_paper_digest(result, i, request->papers.key, &digest);
        json_add(papers, json_digest(&digest));
        answers[i] = (char)('0' + result->answers[i].answer);
    }
    answers[result->count] = '\0';
    CHECK(result->count == assess->catalog.criterion_count);
    json_set(json, "status", json_text("assessed"));
    json_set(json, "answers", json_text(answers));
    json_set(json, "papers", papers);
    json_set(json, "periodEnd", json_integer(request->period_end));
    json_set(json, "purpose", json_integer((int64_t)findings_purpose_of(request->dataset.purpose)));
    write_answer(json, answer);
}

static bool open_bundle(const struct request *request, struct arena *arena, struct bundle *out,
                        struct error *error)
{
    int fd = open(request->bundle, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0) {
        return error_set(error, ERROR_IO, "cannot open the bundle: %s", strerror(errno));
    }
    bool is_ok = bundle_open(fd, request->is_plain ? NULL : request->papers.key, arena, out, error);

    close(fd);
    return is_ok;
}

/* Loads the evidence and runs the rules over it. */
static bool run_rules(struct assess *assess, const struct bundle *bundle, struct request *request,
                      struct error *error)
{
    struct dataset *dataset = &request->dataset;
    struct notes notes;

    notes_init(&notes, assess->work);
    if (!load_source(&bundle->payload, &assess->schema, &notes, dataset, error)) {
        return false;
    }
    /* The loader takes days that no certificate can name. */
    if (!when_parse_day(dataset->period_end, &request->period_end)) {
        return error_set(error, ERROR_INVALID, "aims.yaml: \"period_end\" is before 1970");
    }
    return engine_run(assess->engine, dataset, assess->work, &request->papers.result, error);
}

bool assess_answer(struct assess *assess, struct bytes request_bytes, struct buffer *answer,
                   struct buffer *papers, struct error *error)
{
    struct request request;
    struct bundle bundle;
    struct error why;

    arena_reset(assess->work);
    buffer_clear(papers);
    if (request_bytes.size > REQUEST_SIZE_MAX) {
        return error_set(error, ERROR_LIMIT, "a request of %zu bytes", request_bytes.size);
    }
    if (!parse_request(request_bytes, assess->work, &request, error)) {
        return false;
    }
    if (!open_bundle(&request, assess->work, &bundle, &why)) {
        refuse("badBundle", &why, answer);
    } else if (!run_rules(assess, &bundle, &request, &why)) {
        refuse("badEvidence", &why, answer);
    } else {
        write_assessed(assess, &request, answer);
        if (request.wants_papers) {
            papers_encode(&request.papers, &assess->catalog, papers);
        }
    }
    seal_wipe(request.papers.key, sizeof(request.papers.key));
    return true;
}
