#include "client/proofs.h"

#include <string.h>

#include "base/check.h"
#include "base/encode.h"
#include "client/print.h"
#include "crypto/keys.h"
#include "formats/tree.h"

#define LIST_SIZE_MAX (4 * 1024 * 1024) /* Bytes of the list. */

/* An id goes into a path: nothing in it may lead elsewhere. */
static bool is_id(const char *text)
{
    size_t length = strlen(text);

    return length > 0 && length < PROOFS_ID_SIZE &&
           strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_") ==
               length;
}

static bool read_entry(const struct tree *node, struct proofs_entry *out, struct error *error)
{
    const char *id = NULL;
    const struct tree *docket = tree_get(node, "docket");

    if (node->type != TREE_MAP || !tree_need_text(node, "id", &id, error) || !is_id(id)) {
        return error_set(error, ERROR_INVALID,
                         "the list of misconduct names a proof that has no "
                         "id");
    }
    (void)snprintf(out->id, sizeof(out->id), "%s", id);
    if (docket != NULL && docket->type == TREE_TEXT &&
        !encode_to_digest(docket->text, &out->docket)) {
        out->docket = (struct digest){{0}};
    }
    return true;
}

bool proofs_parse(struct bytes source, struct arena *arena, struct proofs *out, struct error *error)
{
    const struct tree *list = NULL;
    struct tree *root = NULL;

    if (!tree_parse_json(source, "list of misconduct", arena, &root, error)) {
        return false;
    }
    if (root->type != TREE_MAP || !tree_need_list(root, "misconduct", &list, error)) {
        return error_set(error, ERROR_INVALID, "the list of misconduct is no list");
    }
    struct proofs proofs = {.entries = arena_array(arena, list->count, sizeof(*out->entries))};

    if (list->count > PROOFS_MAX || proofs.entries == NULL) {
        return error_set(error, ERROR_LIMIT, "%zu proofs of misconduct are more than are read",
                         list->count);
    }
    for (const struct tree *item = list->child; item != NULL; item = item->next) {
        if (!read_entry(item, &proofs.entries[proofs.count++], error)) {
            return false;
        }
    }
    *out = proofs;
    return true;
}

bool proofs_list(struct web *web, struct arena *arena, struct proofs *out, struct error *error)
{
    struct web_answer answer = {0};
    bool is_ok = web_get(web, "/v1/misconduct", LIST_SIZE_MAX, &answer, error) &&
                 proofs_parse(buffer_bytes(&answer.body), arena, out, error);

    web_answer_finish(&answer);
    return is_ok;
}

bool proofs_fetch(struct web *web, const char *id, const struct roster *roster, struct arena *arena,
                  struct buffer *file, struct proof *out, struct error *error)
{
    char path[32 + PROOFS_ID_SIZE];
    struct web_answer answer = {0};

    (void)snprintf(path, sizeof(path), "/v1/misconduct/%s", id);
    buffer_clear(file);
    bool is_ok = web_get(web, path, PROOF_SIZE_MAX, &answer, error);

    if (is_ok) {
        buffer_append(file, answer.body.data, answer.body.size);
        is_ok = proof_check(buffer_bytes(file), id, roster, arena, out, error);
    }
    web_answer_finish(&answer);
    return is_ok;
}

/* Who runs the culprit. */
static const char *operator_of(const struct roster *roster, const struct proof *proof)
{
    return proof->is_seat ? roster->seats[proof->signer].operator_name
                          : roster->coordinators[proof->signer].operator_name;
}

void proofs_print(const struct roster *roster, const struct proof *proof, FILE *out)
{
    fprintf(out, "%s %u of ", proof->is_seat ? "seat" : "coordinator", proof->signer);
    print_clean(operator_of(roster, proof), out);
    fprintf(out, " %s (%s)", misconduct_text(proof->kind), misconduct_name(proof->kind));
}

struct json *proofs_json(const struct roster *roster, const struct proof *proof)
{
    struct json *json = json_object();
    char keyid[KEYS_KEYID_SIZE];

    keys_keyid(proof->is_seat ? roster->seats[proof->signer].signing
                              : roster->coordinators[proof->signer].signing,
               keyid);
    json_set(json, "docket", json_digest(&proof->docket));
    json_set(json, "keyid", json_text(keyid));
    json_set(json, "kind", json_text(misconduct_name(proof->kind)));
    json_set(json, "operator", json_text(operator_of(roster, proof)));
    json_set(json, proof->is_seat ? "seat" : "coordinator", json_integer(proof->signer));
    json_set(json, "text", json_text(misconduct_text(proof->kind)));
    return json;
}
