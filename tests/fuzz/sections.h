#ifndef TESTS_FUZZ_SECTIONS_H
#define TESTS_FUZZ_SECTIONS_H

/* Several files in one fuzz input, each behind a line "@@ NAME":
 *
 *     @@ aims.yaml
 *     schema: 1
 *     @@ registers/systems.csv
 *     id,title
 *
 * Every content is a block of its own, so that a read behind its end is seen. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"

#define SECTIONS_MAX      16
#define SECTIONS_NAME_MAX 128 /* Bytes with the NUL. */

struct section {
    char name[SECTIONS_NAME_MAX];
    uint8_t *data;
    size_t size;
};

struct sections {
    size_t count;
    struct section items[SECTIONS_MAX];
};

/* The next "@@ " at the start of a line of INPUT from AT on, or its end. */
static inline size_t sections_next(struct bytes input, size_t at)
{
    for (; at + 3 <= input.size; at++) {
        if (memcmp(input.data + at, "@@ ", 3) == 0 && (at == 0 || input.data[at - 1] == '\n')) {
            return at;
        }
    }
    return input.size;
}

/* Takes INPUT apart; what stands before the first section is ignored. */
static inline void sections_split(struct bytes input, struct sections *out)
{
    size_t at = sections_next(input, 0);

    out->count = 0;
    while (at < input.size && out->count < SECTIONS_MAX) {
        struct section *section = &out->items[out->count++];
        size_t end = sections_next(input, at + 3);
        const uint8_t *name = input.data + at + 3;
        const uint8_t *line_end = memchr(name, '\n', end - at - 3);
        const uint8_t *content = line_end == NULL ? input.data + end : line_end + 1;
        size_t size = (size_t)((line_end == NULL ? input.data + end : line_end) - name);

        size = size < SECTIONS_NAME_MAX ? size : SECTIONS_NAME_MAX - 1;
        memcpy(section->name, name, size);
        section->name[size] = '\0';
        section->size = (size_t)(input.data + end - content);
        section->data = malloc(section->size > 0 ? section->size : 1);
        CHECK(section->data != NULL);
        memcpy(section->data, content, section->size);
        at = end;
    }
}

static inline const struct section *sections_find(const struct sections *sections, const char *name)
{
    for (size_t i = 0; i < sections->count; i++) {
        if (strcmp(sections->items[i].name, name) == 0) {
            return &sections->items[i];
        }
    }
    return NULL;
}

static inline void sections_free(struct sections *sections)
{
    for (size_t i = 0; i < sections->count; i++) {
        free(sections->items[i].data);
    }
}

#endif
