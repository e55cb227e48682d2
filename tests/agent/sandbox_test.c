/* The walls around the assessor, tried from inside by real processes. */

#define _GNU_SOURCE /* For syscall(), and nftw(). */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/sandbox.h"
#include "tests/evidence/directory.h"

#define NOT_ENTERED 99 /* Exit code of a child that the sandbox did not take. */
#define SURVIVED    0

/* As in sandbox.c: these do not fit under an address space limit. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif
#ifndef HAS_SANITIZER
#define HAS_SANITIZER 0
#endif

struct yard {
    char inside[DIRECTORY_PATH_SIZE];
    char outside[DIRECTORY_PATH_SIZE];
};

static struct yard yard;

static int set_up(void **state)
{
    char link[2 * DIRECTORY_PATH_SIZE];
    char target[2 * DIRECTORY_PATH_SIZE];

    (void)state;
    directory_create(yard.inside);
    directory_create(yard.outside);
    directory_write_text(yard.inside, "bundle", "evidence");
    directory_write_text(yard.inside, "below/bundle", "evidence");
    directory_write_text(yard.outside, "seat.seed", "secret");
    (void)snprintf(link, sizeof(link), "%s/link", yard.inside);
    (void)snprintf(target, sizeof(target), "%s/seat.seed", yard.outside);
    assert_int_equal(symlink(target, link), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    directory_destroy(yard.inside);
    directory_destroy(yard.outside);
    return 0;
}

/* Runs ATTEMPT inside the sandbox, in a child; its exit status, or minus the signal that ended it. */
static int try(int (*attempt)(void))
{
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        struct error error;

        _exit(sandbox_enter(yard.inside, &error) ? attempt() : NOT_ENTERED);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* Opens NAME in FOLDER; 0 or the errno. */
static int open_code(const char *folder, const char *name, int flags)
{
    char path[2 * DIRECTORY_PATH_SIZE];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return open(path, flags, 0600) >= 0 ? SURVIVED : errno;
}

static int read_inside(void)
{
    char path[2 * DIRECTORY_PATH_SIZE];
    char text[16] = "";

    (void)snprintf(path, sizeof(path), "%s/below/bundle", yard.inside);
    int fd = open(path, O_RDONLY);

    return fd >= 0 && read(fd, text, sizeof(text)) == 8 && memcmp(text, "evidence", 8) == 0
               ? SURVIVED
               : 1;
}

static void files_below_the_folder_can_be_read(void **state)
{
    (void)state;
    assert_int_equal(try(read_inside), SURVIVED);
}

static int open_outside(void)
{
    return open_code(yard.outside, "seat.seed", O_RDONLY);
}

static int open_by_link(void)
{
    return open_code(yard.inside, "link", O_RDONLY);
}

static int open_by_dots(void)
{
    char name[2 * DIRECTORY_PATH_SIZE];

    (void)snprintf(name, sizeof(name), "..%s/seat.seed", strrchr(yard.outside, '/'));
    return open_code(yard.inside, name, O_RDONLY);
}

static int open_program(void)
{
    return open_code("/proc/self", "exe", O_RDONLY);
}

static void files_elsewhere_cannot_be_opened(void **state)
{
    (void)state;
    assert_int_equal(try(open_outside), EACCES);
    assert_int_equal(try(open_by_link), EACCES);
    assert_int_equal(try(open_by_dots), EACCES);
    assert_int_equal(try(open_program), EACCES);
}

static int open_to_write(void)
{
    return open_code(yard.inside, "bundle", O_WRONLY);
}

static int open_to_change(void)
{
    return open_code(yard.inside, "bundle", O_RDWR);
}

static int open_to_make(void)
{
    return open_code(yard.inside, "new", O_RDONLY | O_CREAT);
}

static int open_to_cut(void)
{
    return open_code(yard.inside, "bundle", O_RDONLY | O_TRUNC);
}

static int make_folder(void)
{
    char path[2 * DIRECTORY_PATH_SIZE];

    (void)snprintf(path, sizeof(path), "%s/new", yard.inside);
    return mkdir(path, 0700) == 0 ? SURVIVED : errno;
}

static void nothing_can_be_written_even_below_the_folder(void **state)
{
    char text[16] = "";
    char path[2 * DIRECTORY_PATH_SIZE];

    (void)state;
    assert_int_equal(try(open_to_write), EPERM);
    assert_int_equal(try(open_to_change), EPERM);
    assert_int_equal(try(open_to_make), EPERM);
    assert_int_equal(try(open_to_cut), EPERM);
    assert_int_equal(try(make_folder), EPERM);
    (void)snprintf(path, sizeof(path), "%s/bundle", yard.inside);
    int fd = open(path, O_RDONLY);

    assert_int_equal(read(fd, text, sizeof(text)), 8);
    assert_int_equal(close(fd), 0);
    assert_int_equal(open_code(yard.inside, "new", O_RDONLY), ENOENT);
}

static int make_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0);
}

static int make_local_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0);
}

static int make_pair(void)
{
    int fds[2];

    return socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
}

static void a_socket_ends_the_process(void **state)
{
    (void)state;
    assert_int_equal(try(make_socket), -SIGSYS);
    assert_int_equal(try(make_local_socket), -SIGSYS);
    assert_int_equal(try(make_pair), -SIGSYS);
}

static int run_program(void)
{
    char *const arguments[] = {(char[]){"true"}, NULL};

    return execve("/bin/true", arguments, NULL);
}

static int make_process(void)
{
    return fork() < 0 ? errno : SURVIVED;
}

static int make_process_the_old_way(void)
{
    return (int)syscall(SYS_fork);
}

static void no_program_and_no_process_can_be_started(void **state)
{
    (void)state;
    assert_int_equal(try(run_program), -SIGSYS);
    assert_int_equal(try(make_process), EPERM);
    assert_int_equal(try(make_process_the_old_way), -SIGSYS);
}

static int trace_parent(void)
{
    return (int)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static int kill_parent(void)
{
    return kill(getppid(), SIGTERM);
}

static int kill_parent_by_thread(void)
{
    return syscall(SYS_tgkill, getppid(), getppid(), SIGTERM) == 0 ? SURVIVED : errno;
}

static int signal_parent_by_pipe(void)
{
    return fcntl(STDIN_FILENO, F_SETOWN, getppid()) == 0 ? SURVIVED : errno;
}

static void other_processes_are_out_of_reach(void **state)
{
    (void)state;
    assert_int_equal(try(trace_parent), -SIGSYS);
    assert_int_equal(try(kill_parent), -SIGSYS);
    assert_int_equal(try(kill_parent_by_thread), EPERM);
    assert_int_equal(try(signal_parent_by_pipe), EPERM);
}

static int give_up(void)
{
    abort();
}

static void a_failed_check_still_ends_the_process(void **state)
{
    (void)state;
    assert_int_equal(try(give_up), -SIGABRT);
}

static int raise_limit(void)
{
    struct rlimit limit = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};

    return setrlimit(RLIMIT_AS, &limit) == 0 ? SURVIVED : errno;
}

static int enter_again(void)
{
    struct error error;

    return sandbox_enter("/", &error) ? SURVIVED : 1;
}

static void the_walls_cannot_be_taken_down(void **state)
{
    (void)state;
    assert_int_equal(try(raise_limit), EPERM);
    assert_int_equal(try(enter_again), 1);
}

static int take_memory(void)
{
    void *part =
        mmap(NULL, SANDBOX_MEMORY_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return part == MAP_FAILED ? errno : SURVIVED;
}

static int take_some_memory(void)
{
    void *part = mmap(NULL, SANDBOX_MEMORY_MAX / 2, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return part == MAP_FAILED ? errno : SURVIVED;
}

static void memory_is_limited(void **state)
{
    (void)state;
    if (HAS_SANITIZER) {
        print_message("a sanitizer's shadow memory is over the limit: not tested\n");
        skip();
    }
    assert_int_equal(try(take_some_memory), SURVIVED);
    assert_int_equal(try(take_memory), ENOMEM);
}

static uint64_t cpu_ms(void)
{
    struct timespec used;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * 1000 + (uint64_t)used.tv_nsec / 1000000;
}

static void spin(uint64_t ms)
{
    uint64_t start_ms = cpu_ms();

    while (cpu_ms() - start_ms < ms) {
    }
}

static int use_too_much_processor(void)
{
    sandbox_start_clock(50);
    spin(5000);
    return SURVIVED;
}

static int use_processor_in_portions(void)
{
    for (int i = 0; i < 4; i++) {
        sandbox_start_clock(400);
        spin(150);
    }
    return SURVIVED;
}

static void who_uses_up_the_processor_time_is_ended(void **state)
{
    (void)state;
    assert_int_equal(try(use_too_much_processor), -SIGPROF);
}

static void the_processor_time_starts_anew_with_every_bundle(void **state)
{
    (void)state;
    assert_int_equal(try(use_processor_in_portions), SURVIVED);
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
    int status = 0;
    pid_t child = fork();

    (void)state;
    assert_true(child >= 0);
    if (child == 0) {
        struct error error;

        _exit(!sandbox_enter("/nowhere/at/all", &error) && error.code == ERROR_IO &&
                      strstr(error.message, "'/nowhere/at/all'") != NULL
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_below_the_folder_can_be_read),
        cmocka_unit_test(files_elsewhere_cannot_be_opened),
        cmocka_unit_test(nothing_can_be_written_even_below_the_folder),
        cmocka_unit_test(a_socket_ends_the_process),
        cmocka_unit_test(no_program_and_no_process_can_be_started),
        cmocka_unit_test(other_processes_are_out_of_reach),
        cmocka_unit_test(a_failed_check_still_ends_the_process),
        cmocka_unit_test(the_walls_cannot_be_taken_down),
        cmocka_unit_test(memory_is_limited),
        cmocka_unit_test(who_uses_up_the_processor_time_is_ended),
        cmocka_unit_test(the_processor_time_starts_anew_with_every_bundle),
        cmocka_unit_test(a_folder_that_is_not_there_is_an_error),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
