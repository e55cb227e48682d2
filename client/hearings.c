#include "client/hearings.h"

#include "client/print.h"

const struct tree *hearings_of(const struct tree *state)
{
    const struct tree *list = tree_get(state, "hearings");

    return list != NULL && list->type == TREE_LIST ? list : NULL;
}

/* A scalar member as text, "-" when it is missing or null. */
static void print_field(const struct tree *node, const char *key, FILE *out)
{
    const struct tree *member = tree_get(node, key);

    print_clean(member == NULL || member->text == NULL || member->type == TREE_NULL ? "-"
                                                                                    : member->text,
                out);
}

void hearings_print(const struct tree *list, FILE *out)
{
    if (list == NULL || list->child == NULL) {
        return;
    }
    fprintf(out, "hearings (as the coordinator says)\n");
    for (const struct tree *item = list->child; item != NULL; item = item->next) {
        const struct tree *stands = tree_get(item, "stands");
        const struct tree *outcome = tree_get(item, "outcome");
        bool is_open = outcome == NULL || outcome->type != TREE_TEXT;

        fprintf(out, "  attempt ");
        print_field(item, "attempt", out);
        fprintf(out, ", home ");
        print_field(item, "home", out);
        fprintf(out, ", docket ");
        print_field(item, "docket", out);
        fprintf(out, ": ");
        print_field(item, is_open ? "state" : "outcome", out);
        fprintf(out, "%s\n",
                stands != NULL && stands->type == TREE_BOOLEAN && stands->integer != 0 ? ", stands"
                                                                                       : "");
    }
}
