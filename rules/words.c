#include "rules/words.h"

#include <string.h>

#include "formats/tree.h"

bool words_have(const struct words *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++) {
        if (strcmp(words->items[i], word) == 0) {
            return true;
        }
    }
    return false;
}

/* The text of a scalar that is meant as a word. */
static const char *word_of(const struct tree *node)
{
    bool is_word = node->type == TREE_TEXT || node->type == TREE_INTEGER;

    return is_word && node->text[0] != '\0' ? node->text : NULL;
}

bool words_read(const struct tree *node, const char *key, struct arena *arena, struct words *out,
                struct error *error)
{
    char place[TREE_PLACE_SIZE];
    struct words words = {0};
    const struct tree *list = tree_get(node, key);

    if (list == NULL) {
        *out = words;
        return true;
    }
    if (!tree_need_list(node, key, &list, error)) {
        return false;
    }
    const char **texts = arena_array(arena, list->count, sizeof(*texts));

    if (texts == NULL) {
        return error_set(error, ERROR_LIMIT, "%s: too large for the memory allowed",
                         tree_place(list, place));
    }
    words.items = texts;
    for (const struct tree *item = list->child; item != NULL; item = item->next) {
        const char *word = word_of(item);

        if (word == NULL) {
            return error_set(error, ERROR_INVALID, "%s: \"%s\" holds something that is no text",
                             tree_place(item, place), key);
        }
        if (words_have(&words, word)) {
            return error_set(error, ERROR_INVALID, "%s: \"%s\" occurs twice in \"%s\"",
                             tree_place(item, place), word, key);
        }
        texts[words.count++] = word;
    }
    *out = words;
    return true;
}

bool words_read_text(const struct tree *node, const char *key, const char **out,
                     struct error *error)
{
    char place[TREE_PLACE_SIZE];
    const char *text = NULL;

    if (!tree_need_text(node, key, &text, error)) {
        return false;
    }
    if (text[0] == '\0') {
        return error_set(error, ERROR_INVALID, "%s: \"%s\" is empty", tree_place(node, place), key);
    }
    *out = text;
    return true;
}
