#include "tests/byzantine/mischief.h"

#include "base/log.h"
#include "sim/strategy.h"

#define LOGGED_MAX 20 /* Deeds told one by one. */

struct mischief mischief;

bool mischief_is_on(void)
{
    uint64_t since_ms = loop_now_ms() - mischief.started_ms;

    return mischief.strategy != SETUP_HONEST && mischief.keys != NULL &&
           since_ms >= mischief.from_ms && (mischief.until_ms == 0 || since_ms < mischief.until_ms);
}

void mischief_done(void)
{
    mischief.done_count++;
    if (mischief.done_count <= LOGGED_MAX) {
        log_line(LOG_INFO, "mischief: %s", strategy_get(mischief.strategy)->name);
    }
}

void mischief_done_twice(void)
{
    mischief_done();
    mischief.twice_count++;
}

struct digest mischief_noise(void)
{
    struct digest noise;

    for (size_t i = 0; i < sizeof(noise.data); i++) {
        noise.data[i] = (uint8_t)random_below(&mischief.random, 256);
    }
    return noise;
}

enum message_kind mischief_kind(struct bytes frame)
{
    return frame.size < 2 || frame.data[1] >= MESSAGE_KIND_COUNT ? MESSAGE_KIND_COUNT
                                                                 : (enum message_kind)frame.data[1];
}

bool mischief_is_greeting(struct bytes frame)
{
    enum message_kind kind = mischief_kind(frame);

    return kind == MESSAGE_HELLO || kind == MESSAGE_PING || kind == MESSAGE_PONG;
}
