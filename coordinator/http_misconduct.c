#include "coordinator/http_misconduct.h"

#include <stdio.h>

#include "report/proof.h"

#define LIST_MEMORY (8U * 1024 * 1024)

/* Kind and culprit. */
static struct json *describe(const struct coordinator_store_proof *proof)
{
    struct json *json = json_object();

    json_set(json, "kind", json_text(misconduct_name(proof->kind)));
    json_set(json, proof->is_seat ? "seat" : "coordinator", json_integer(proof->signer));
    return json;
}

void http_misconduct_answer_list(struct http_request *request)
{
    struct coordinator_store *store = request->http->options.store;
    struct arena *arena = arena_create(LIST_MEMORY);
    struct coordinator_store_proof *proofs = NULL;
    struct json *json = json_object();
    struct json *list = json_list();
    struct buffer body = {0};
    struct error error;
    size_t count = 0;
    bool is_ok = coordinator_store_proof_list(store, HTTP_MISCONDUCT_LIST_MAX, arena, &proofs,
                                              &count, &error);

    for (size_t i = 0; i < count; i++) {
        struct json *item = describe(&proofs[i]);
        char number[24];

        (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)proofs[i].number);
        json_set(item, "docket", json_digest(&proofs[i].docket));
        json_set(item, "id", json_text(number));
        json_add(list, item);
    }
    json_set(json, "misconduct", list);
    if (is_ok) {
        json_write(json, &body);
        http_request_answer_json(request, 200, &body);
    } else {
        http_request_fail(request, &error);
    }
    json_destroy(json);
    arena_destroy(arena);
}

struct json *http_misconduct_tally(struct coordinator_store *store, struct error *error)
{
    struct arena *arena = arena_create(LIST_MEMORY);
    struct coordinator_store_proof *proofs = NULL;
    struct json *list = NULL;
    size_t count = 0;

    if (coordinator_store_proof_tally(store, arena, &proofs, &count, error)) {
        list = json_list();
        for (size_t i = 0; i < count; i++) {
            struct json *item = describe(&proofs[i]);

            json_set(item, "count", json_integer((int64_t)proofs[i].count));
            json_add(list, item);
        }
    }
    arena_destroy(arena);
    return list;
}

void http_misconduct_begin_get(struct http_request *request)
{
    (void)http_request_authenticate(request, NULL);
}

/* To others than these the proof is not there. */
static bool may_read(struct http_request *request, const struct proof *proof, struct error *error)
{
    bool is_by = http_request_is_by_reader(request);

    if (!is_by && !coordinator_store_case_is_by(request->http->options.store, &proof->docket,
                                                request->signer, &is_by, error)) {
        return false;
    }
    return is_by || error_set(error, ERROR_NOT_FOUND, "there is no such proof");
}

void http_misconduct_answer_proof(struct http_request *request)
{
    const struct http_options *options = &request->http->options;
    struct arena *arena = arena_create(PROOF_MEMORY_MAX);
    struct buffer body = {0};
    struct proof proof;
    struct error error;

    if (coordinator_store_proof_load(options->store, request->number, arena, &proof, &error) &&
        may_read(request, &proof, &error)) {
        proof_write(options->roster, &proof, &body);
        http_request_answer_json(request, 200, &body);
    } else if (error.code == ERROR_NOT_FOUND) {
        http_request_refuse(request, 404, "%s", error.message);
    } else {
        http_request_fail(request, &error);
    }
    arena_destroy(arena);
}
