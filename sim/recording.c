#include "sim/recording.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/encode.h"
#include "sim/fixed.h"

#define MARK      "# aims-sim trace 1"
#define SEED_MARK "# seed "

void recording_make(const struct setup *setup, const char *title, uint64_t seed,
                    struct world_report *report, struct buffer *out)
{
    buffer_format(out, MARK "\n" SEED_MARK "%" PRIu64 "\n# ", seed);
    fixed_write(setup, title, false, out);
    buffer_append_byte(out, '\n');
    world_run(setup, seed, report, out);
    buffer_format(out, "# end %016" PRIx64 "%s%s%s%s\n", report->hash,
                  report->failed == WORLD_OK ? "" : " ",
                  report->failed == WORLD_OK ? "" : world_oracle_name(report->failed),
                  report->failed == WORLD_OK ? "" : ": ", report->failure);
}

/* The next line of *REST, without its end. */
static struct bytes take_line(struct bytes *rest)
{
    const uint8_t *end = rest->size == 0 ? NULL : memchr(rest->data, '\n', rest->size);
    size_t length = end == NULL ? rest->size : (size_t)(end - rest->data);
    struct bytes line = bytes_of(rest->data, length);
    size_t used = end == NULL ? length : length + 1;

    *rest = bytes_of(rest->data + used, rest->size - used);
    return line;
}

static void copy_line(struct bytes line, char out[256])
{
    size_t size = line.size < 255 ? line.size : 255;

    memcpy(out, line.data, size);
    out[size] = '\0';
}

static void compare(struct bytes wanted, struct bytes got, struct recording_difference *out)
{
    *out = (struct recording_difference){0};
    for (uint64_t number = 1; wanted.size > 0 || got.size > 0; number++) {
        bool is_short = wanted.size == 0;
        bool is_long = got.size == 0;
        struct bytes wanted_line = take_line(&wanted);
        struct bytes got_line = take_line(&got);

        if (is_short || is_long || !bytes_equal(wanted_line, got_line)) {
            out->line = number;
            copy_line(is_short ? bytes_of_text("(the end)") : wanted_line, out->wanted);
            copy_line(is_long ? bytes_of_text("(the end)") : got_line, out->got);
            return;
        }
    }
}

static bool read_seed(struct bytes line, uint64_t *out)
{
    char text[32] = "";
    size_t mark = strlen(SEED_MARK);

    if (line.size <= mark || line.size - mark >= sizeof(text) ||
        memcmp(line.data, SEED_MARK, mark) != 0) {
        return false;
    }
    memcpy(text, line.data + mark, line.size - mark);
    return encode_to_u64(text, UINT64_MAX, out);
}

static bool run_again(struct scenario *scenario, uint64_t seed, struct bytes recording,
                      struct world_report *report, struct recording_difference *out,
                      struct error *error)
{
    struct setup *setup = malloc(sizeof(*setup));
    struct buffer again = {0};

    CHECK(setup != NULL);
    bool is_ok = scenario_draw(scenario, seed, setup, error);

    if (is_ok) {
        recording_make(setup, scenario_title(scenario), seed, report, &again);
        compare(recording, buffer_bytes(&again), out);
    }
    buffer_finish(&again);
    free(setup);
    return is_ok;
}

bool recording_replay(struct bytes recording, const char *name, struct world_report *report,
                      struct recording_difference *out, struct error *error)
{
    struct scenario *scenario = NULL;
    struct bytes rest = recording;
    uint64_t seed = 0;

    if (!bytes_equal(take_line(&rest), bytes_of_text(MARK)) ||
        !read_seed(take_line(&rest), &seed)) {
        return error_set(error, ERROR_INVALID, "%s is no trace of aims-sim: want '" MARK "' first",
                         name);
    }
    struct bytes line = take_line(&rest);

    if (line.size < 2 || memcmp(line.data, "# ", 2) != 0) {
        return error_set(error, ERROR_INVALID, "%s:3: want '# ' and the setup as JSON", name);
    }
    if (!scenario_parse(bytes_of(line.data + 2, line.size - 2), name, &scenario, error)) {
        return error_wrap(error, "line 3");
    }
    bool is_ok = run_again(scenario, seed, recording, report, out, error);

    scenario_destroy(scenario);
    return is_ok;
}
