/*
 * gateway/daemon/exit_code.h: the program's exit codes, a part of the client's.
 */
#ifndef INKSEAL_DAEMON_EXIT_CODE_H
#define INKSEAL_DAEMON_EXIT_CODE_H

enum exit_code { EXIT_OK = 0, EXIT_ERROR = 1, EXIT_USAGE = 2, EXIT_PARTIAL = 3 };

#endif
