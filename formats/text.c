#include "formats/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "base/check.h"

#define WORD_MAX 64 /* Bytes; longer words have no near ones. */

/* Number of bytes of the sequence at DATA, of which LEFT are there, or 0 when it is malformed
 * (RFC 3629 section 4). */
static size_t sequence_size(const uint8_t *data, size_t left)
{
    uint8_t lead = data[0];
    uint8_t low = 0x80; /* Bounds of the second byte: no overlong forms, no surrogates. */
    uint8_t high = 0xBF;
    size_t size;

    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xC2 && lead <= 0xDF) {
        size = 2;
    } else if ((lead & 0xF0) == 0xE0) {
        size = 3;
        low = lead == 0xE0 ? 0xA0 : low;
        high = lead == 0xED ? 0x9F : high;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        size = 4;
        low = lead == 0xF0 ? 0x90 : low;
        high = lead == 0xF4 ? 0x8F : high;
    } else {
        return 0;
    }
    if (left < size || data[1] < low || data[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < size; i++) {
        if ((data[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return size;
}

bool text_is_utf8(struct bytes source, size_t *offset)
{
    size_t at = 0;

    while (at < source.size) {
        uint64_t word;

        if (source.size - at >= sizeof(word)) { /* Most text is ASCII: eight bytes at a time. */
            memcpy(&word, source.data + at, sizeof(word));
            if ((word & UINT64_C(0x8080808080808080)) == 0) {
                at += sizeof(word);
                continue;
            }
        }
        size_t size = sequence_size(source.data + at, source.size - at);

        if (size == 0) {
            if (offset != NULL) {
                *offset = at;
            }
            return false;
        }
        at += size;
    }
    return true;
}

bool text_is_ascii(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((uint8_t)*text >= 0x80) {
            return false;
        }
    }
    return true;
}

size_t text_count(struct bytes source)
{
    size_t count = 0;
    size_t at = 0;

    while (at < source.size) {
        uint64_t word;

        if (source.size - at >= sizeof(word)) {
            memcpy(&word, source.data + at, sizeof(word));
            if ((word & UINT64_C(0x8080808080808080)) == 0) {
                at += sizeof(word);
                count += sizeof(word);
                continue;
            }
        }
        count += (source.data[at++] & 0xC0) != 0x80;
    }
    return count;
}

/* Whether all eight bytes of WORD are printable ASCII. */
static bool is_printable(uint64_t word)
{
    uint64_t high = UINT64_C(0x8080808080808080);

    /* With no high bit set, neither sum nor difference of one byte reaches into the next but where
     * some byte is below 0x20 already. */
    return ((word | (word - UINT64_C(0x2020202020202020)) | (word + UINT64_C(0x0101010101010101))) &
            high) == 0;
}

bool text_has_control(const char *text)
{
    size_t size = strlen(text);
    size_t at = 0;

    while (at < size) {
        uint64_t word;

        if (size - at >= sizeof(word)) {
            memcpy(&word, text + at, sizeof(word));
            if (is_printable(word)) {
                at += sizeof(word);
                continue;
            }
        }
        uint8_t byte = (uint8_t)text[at++];
        bool is_c0 = byte < 0x20 && byte != '\n' && byte != '\t';
        bool is_c1 = byte == 0xC2 && (uint8_t)text[at] >= 0x80 && (uint8_t)text[at] <= 0x9F;

        if (is_c0 || is_c1 || byte == 0x7F) {
            return true;
        }
    }
    return false;
}

size_t text_character_size(const char *text)
{
    size_t left = strnlen(text, 4);

    for (size_t size = 1; size <= left; size++) {
        if (text_is_utf8(bytes_of(text, size), NULL)) {
            char character[5] = {0};

            memcpy(character, text, size);
            return text_has_control(character) ? 0 : size;
        }
    }
    return 0;
}

const char *text_fold(const char *text, struct arena *arena)
{
    utf8proc_uint8_t *folded = NULL;
    utf8proc_option_t options =
        UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD;

    if (text_is_ascii(text)) { /* Most names are, and folding them is easy. */
        char *copy = arena_text(arena, text);

        for (char *letter = copy; letter != NULL && *letter != '\0'; letter++) {
            *letter = *letter >= 'A' && *letter <= 'Z' ? (char)(*letter + ('a' - 'A')) : *letter;
        }
        return copy;
    }
    if (utf8proc_map((const utf8proc_uint8_t *)text, 0, &folded, options) < 0) {
        return NULL;
    }
    const char *copy = arena_text(arena, (const char *)folded);

    free(folded);
    return copy;
}

static char plain(char letter)
{
    if (letter >= 'A' && letter <= 'Z') {
        return (char)(letter - 'A' + 'a');
    }
    return letter == '-' || letter == ' ' ? '_' : letter;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits (insert, delete, replace, swap of neighbours) between two words of at most WORD_MAX bytes:
 * the restricted Damerau-Levenshtein distance, of which three rows are kept. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][WORD_MAX + 1];
    size_t a_size = strlen(a);
    size_t b_size = strlen(b);

    CHECK(a_size <= WORD_MAX);
    CHECK(b_size <= WORD_MAX);
    for (size_t j = 0; j <= b_size; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_size; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *second = rows[(i + 1) % 3];

        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            char x = plain(a[i - 1]);
            char y = plain(b[j - 1]);

            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == plain(b[j - 2]) && plain(a[i - 2]) == y) {
                row[j] = least(row[j], second[j - 2] + 1);
            }
        }
    }
    return rows[a_size % 3][b_size];
}

const char *text_nearest(const char *word, const char *const *candidates, size_t count)
{
    size_t size = strlen(word);
    size_t nearest = size / 3 + 1;
    const char *found = NULL;

    if (size == 0 || size > WORD_MAX) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        size_t candidate_size = strlen(candidates[i]);

        if (candidate_size > WORD_MAX) {
            continue;
        }
        size_t edits = distance(word, candidates[i]);

        /* A word of which nothing is left is not a spelling of it. */
        if (edits < nearest + (found == NULL) && edits < least(size, candidate_size)) {
            nearest = edits;
            found = candidates[i];
        }
    }
    return found;
}
