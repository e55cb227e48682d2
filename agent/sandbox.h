#ifndef AGENT_SANDBOX_H
#define AGENT_SANDBOX_H

/* The walls around the process that opens evidence: it holds no key, has no network, starts no
 * program, reads one folder and writes nowhere but to its standard output.
 *
 *   limits     address space, core dumps, files (setrlimit)
 *   Landlock   only files below one folder, and those only for reading
 *   seccomp    an allow-list of system calls; sockets, exec, fork and ptrace kill the process
 *
 * All three work for an ordinary user, in containers too; none can be taken down again. */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define SANDBOX_MEMORY_MAX (UINT64_C(768) * 1024 * 1024) /* Bytes of address space. */
#define SANDBOX_CPU_MS_MAX 20000 /* Milliseconds of processor for one bundle. */

/* Builds the walls; from now on only files below FOLDER can be opened.
 *
 * Errors: ERROR_IO when the system refuses one of them: then do not go on. A kernel without
 * Landlock is refused too. */
MUST_USE bool sandbox_enter(const char *folder, struct error *error);

/* Gives the process CPU_MS milliseconds of processor from now on; SIGPROF ends it when they are
 * used up. */
void sandbox_start_clock(uint32_t cpu_ms);

#endif
