/* Any bytes as a scenario: refused with its place, or every seed draws a setup that is drawn again
 * from what is written of it, or names the place of what only some seeds draw. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/check.h"
#include "sim/fixed.h"
#include "sim/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct setup *setup, struct setup *copy)
{
    struct buffer first = {0};
    struct buffer second = {0};
    struct scenario *again = NULL;
    struct error error;

    fixed_write(setup, "t", false, &first);
    CHECK(scenario_parse(buffer_bytes(&first), "again", &again, &error));
    CHECK(scenario_draw(again, 7, copy, &error));
    fixed_write(copy, "t", false, &second);
    CHECK(strcmp(buffer_text(&first), buffer_text(&second)) == 0);
    scenario_destroy(again);
    buffer_finish(&first);
    buffer_finish(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct setup *setups = calloc(2, sizeof(*setups));
    struct scenario *scenario = NULL;
    struct error error = {0};

    CHECK(setups != NULL);
    if (scenario_parse(bytes_of(data, size), "input", &scenario, &error)) {
        for (uint64_t seed = 0; seed < 4; seed++) {
            if (scenario_draw(scenario, seed, &setups[0], &error)) {
                check_again(&setups[0], &setups[1]);
            } else {
                CHECK(strncmp(error.message, "input:", 6) == 0);
            }
        }
    } else {
        CHECK(strncmp(error.message, "input:", 6) == 0);
    }
    scenario_destroy(scenario);
    free(setups);
    return 0;
}
