#include "coordinator/board.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/check.h"

struct board {
    pthread_mutex_t mutex;
    struct board_seats seats;
    size_t docket_count;
    struct board_docket dockets[BOARD_DOCKETS_MAX];
    void (*changed)(void *context);
    void *context;
};

static void lock(struct board *board)
{
    int failed = pthread_mutex_lock(&board->mutex);

    CHECK(failed == 0);
}

static void unlock(struct board *board)
{
    int failed = pthread_mutex_unlock(&board->mutex);

    CHECK(failed == 0);
}

struct board *board_create(void)
{
    struct board *board = calloc(1, sizeof(*board));

    CHECK(board != NULL);
    int failed = pthread_mutex_init(&board->mutex, NULL);

    CHECK(failed == 0);
    return board;
}

void board_destroy(struct board *board)
{
    if (board != NULL) {
        (void)pthread_mutex_destroy(&board->mutex);
        free(board);
    }
}

void board_on_change(struct board *board, void (*changed)(void *context), void *context)
{
    board->changed = changed;
    board->context = context;
}

static void tell(struct board *board)
{
    if (board->changed != NULL) {
        board->changed(board->context);
    }
}

/* Index of docket ID, or docket_count. */
static size_t find(const struct board *board, const struct digest *id)
{
    size_t i = 0;

    while (i < board->docket_count && !digest_equal(&board->dockets[i].id, id)) {
        i++;
    }
    return i;
}

void board_put_docket(struct board *board, const struct board_docket *docket)
{
    lock(board);
    size_t i = find(board, &docket->id);

    if (i < BOARD_DOCKETS_MAX) {
        board->dockets[i] = *docket;
        board->docket_count += i == board->docket_count;
    }
    unlock(board);
    tell(board);
}

void board_remove_docket(struct board *board, const struct digest *id)
{
    lock(board);
    size_t i = find(board, id);

    if (i < board->docket_count) {
        board->dockets[i] = board->dockets[--board->docket_count];
    }
    unlock(board);
    tell(board);
}

void board_put_seats(struct board *board, const struct board_seats *seats)
{
    lock(board);
    board->seats = *seats;
    unlock(board);
    tell(board);
}

bool board_get_docket(struct board *board, const struct digest *id, struct board_docket *out)
{
    lock(board);
    size_t i = find(board, id);
    bool is_found = i < board->docket_count;

    if (is_found) {
        *out = board->dockets[i];
    }
    unlock(board);
    return is_found;
}

void board_get_seats(struct board *board, struct board_seats *out)
{
    lock(board);
    *out = board->seats;
    unlock(board);
}
