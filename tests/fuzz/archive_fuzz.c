/* Any bytes as the archive of a bundle: refused with a sentence, or files with sound names that lie
 * in memory, and perhaps a bag. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "crypto/hash.h"
#include "evidence/bag.h"
#include "evidence/path.h"
#include "evidence/tar.h"

#define STEP 1000 /* Bytes of a block: not a divisor of tar's own. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool pull(void *context, struct bytes *block, struct error *error)
{
    struct bytes *rest = context;
    size_t size = rest->size < STEP ? rest->size : STEP;

    (void)error;
    *block = bytes_of(rest->data, size);
    *rest = bytes_of(rest->data + size, rest->size - size);
    return true;
}

/* The digest of the tagmanifest, so that the check of the bag goes on behind it. */
static struct digest manifest_of(const struct source *files)
{
    struct digest digest = {{0}};

    for (size_t i = 0; i < files->file_count; i++) {
        if (strcmp(files->files[i].path, "bag/tagmanifest-sha256.txt") == 0) {
            hash_bytes(bytes_of(files->files[i].data, (size_t)files->files[i].size), &digest);
        }
    }
    return digest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create(256 * 1024 * 1024);
    struct bytes rest = bytes_of(data, size);
    struct source files;
    struct source payload;
    struct error error = {0};

    if (tar_read(pull, &rest, arena, &files, &error)) {
        struct digest manifest = manifest_of(&files);

        CHECK(rest.size == 0);
        for (size_t i = 0; i < files.file_count; i++) {
            CHECK(path_check(files.files[i].path, &error));
        }
        if (bag_check(&files, &manifest, arena, &payload, &error)) {
            CHECK(payload.file_count + BAG_TAG_COUNT == files.file_count);
        }
    }
    arena_destroy(arena);
    return 0;
}
