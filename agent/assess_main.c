/* aims-assess: opens evidence and answers the catalogue. Started by aims-agent; holds no key but
 * the one of the bundle at hand. */

#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/assess.h"
#include "agent/frame.h"
#include "agent/sandbox.h"
#include "base/error.h"
#include "crypto/keys.h"
#include "rules/pool.h"

enum { EXIT_USAGE = 2 };

#define TABLES_SIZE_MAX (256U * 1024 * 1024) /* Bytes that SQLite may use. */
#define KEPT_SIZE_MAX   (32 * 1024 * 1024)   /* Bytes of free memory kept for the next bundle. */

struct options {
    struct assess_options assess;
    const char *spool;
    bool wants_help;
};

static const char usage[] =
    "usage: aims-assess --catalog DIR --ruleset DIR --schema FILE --spool DIR\n"
    "\n"
    "Answers the catalogue for bundles below the spool folder. Requests come on standard input "
    "and\n"
    "answers go to standard output, as frames of JSON (docs/EVIDENCE.md).\n"
    "\n"
    "  --catalog DIR   catalogue to answer\n"
    "  --ruleset DIR   rule set to answer it with\n"
    "  --schema FILE   schema of the evidence\n"
    "  --spool DIR     the only folder that is read afterwards\n"
    "  -h, --help      print this and exit\n";

static bool parse_options(int argc, char **argv, struct options *out, struct error *error)
{
    static const struct option long_options[] = {
        {"catalog", required_argument, NULL, 'c'}, {"ruleset", required_argument, NULL, 'r'},
        {"schema", required_argument, NULL, 's'},  {"spool", required_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0},
    };
    struct options options = {0};
    int letter;

    while ((letter = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        switch (letter) {
        case 'c':
            options.assess.catalog = optarg;
            break;
        case 'r':
            options.assess.ruleset = optarg;
            break;
        case 's':
            options.assess.schema = optarg;
            break;
        case 'p':
            options.spool = optarg;
            break;
        case 'h':
            options.wants_help = true;
            break;
        default:
            return error_set(error, ERROR_INVALID, "see aims-assess -h");
        }
    }
    if (!options.wants_help &&
        (options.assess.catalog == NULL || options.assess.ruleset == NULL ||
         options.assess.schema == NULL || options.spool == NULL || optind != argc)) {
        return error_set(error, ERROR_INVALID,
                         "--catalog, --ruleset, --schema and --spool are required");
    }
    *out = options;
    return true;
}

static bool serve(struct assess *assess, struct error *error)
{
    struct buffer request = {0};
    struct buffer answer = {0};
    struct buffer papers = {0};
    bool is_end = false;

    assess_greeting(assess, &answer);
    bool is_ok = frame_write(STDOUT_FILENO, buffer_bytes(&answer), error);

    while (is_ok && frame_read(STDIN_FILENO, &request, &is_end, error)) {
        sandbox_start_clock(SANDBOX_CPU_MS_MAX);
        is_ok = assess_answer(assess, buffer_bytes(&request), &answer, &papers, error) &&
                frame_write(STDOUT_FILENO, buffer_bytes(&answer), error) &&
                (papers.size == 0 || frame_write(STDOUT_FILENO, buffer_bytes(&papers), error));
    }
    buffer_finish(&request);
    buffer_finish(&answer);
    buffer_finish(&papers);
    return is_end;
}

static bool run(const struct options *options, struct error *error)
{
    struct assess *assess = NULL;

    if (!assess_create(&options->assess, &assess, error)) {
        return false;
    }
    bool is_ok = sandbox_enter(options->spool, error) && serve(assess, error);

    assess_destroy(assess);
    return is_ok;
}

/* Before the first allocation. What one bundle has used serves for the next: giving it back to the
 * system in between costs more than taking a digest of it. */
static void set_up_memory(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, KEPT_SIZE_MAX);
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_SIZE_MAX);
    pool_take_over();
    pool_limit(TABLES_SIZE_MAX);
}

int main(int argc, char **argv)
{
    struct options options;
    struct error error;

    (void)setenv("TZ", "UTC0", 1);
    set_up_memory();
    keys_library_init();
    if (!parse_options(argc, argv, &options, &error)) {
        fprintf(stderr, "aims-assess: %s\n", error.message);
        return EXIT_USAGE;
    }
    if (options.wants_help) {
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    if (!run(&options, &error)) {
        fprintf(stderr, "aims-assess: %s\n", error.message);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
