/* Runs a fuzz target over the files of the directories named on its command line, for compilers
 * without libFuzzer and for ctest. */

#include <dirent.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_MAX (1024 * 1024) /* Bytes. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    static uint8_t input[INPUT_MAX];
    FILE *file = fopen(path, "rb");

    if (file == NULL) {
        perror(path);
        return -1;
    }
    size_t size = fread(input, 1, sizeof(input), file);

    fclose(file);
    (void)LLVMFuzzerTestOneInput(input, size);
    return 0;
}

/* Number of files replayed, or -1. */
static int replay_directory(const char *path)
{
    DIR *directory = opendir(path);
    int count = 0;

    if (directory == NULL) {
        perror(path);
        return -1;
    }
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        char name[PATH_MAX];

        if (entry->d_name[0] == '.') {
            continue;
        }
        (void)snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        if (replay_file(name) != 0) {
            count = -1;
            break;
        }
        count++;
    }
    closedir(directory);
    return count;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        int count = replay_directory(argv[i]);

        if (count <= 0) { /* An empty corpus proves nothing. */
            fprintf(stderr, "%s: no inputs\n", argv[i]);
            return EXIT_FAILURE;
        }
        printf("%s: %d inputs\n", argv[i], count);
    }
    return EXIT_SUCCESS;
}
