// The last words of a process that a crash ends: one line for its log.
//
// It runs in the signal's handler, where another thread, or this one, may hold any lock. So it calls nothing but
// functions that signal-safety(7) lists, and system calls: no allocation, no locale, no stdio, no unwinder. Its memory
// is a table that is filled before, and its stack; other memory is read by system calls alone, which fail where there
// is none instead of crashing again. It writes the place of the fault and of its callers as offsets in the program's
// file, and neither registers nor the contents of memory, which may be keys.
//
// The variables are this file's, so a module that includes it has its own: one Swift file alone may call these
// functions.
#ifndef TWILIOFS_CLINUX_CRASH_H
#define TWILIOFS_CLINUX_CRASH_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

enum { TWILIOFS_MOST_CODE = 96, TWILIOFS_MOST_FRAMES = 16, TWILIOFS_MOST_WORDS = 16384, TWILIOFS_LONGEST_LINE = 400,
       TWILIOFS_FRESH_WORDS = 10 };

// A part of memory that holds code: of the program, or of a library.
struct twiliofs_code {
    uintptr_t start, end;
    // Where the file begins in memory: an address minus this is the address in the file.
    uintptr_t base;
    char name[40];
};

static struct {
    // The log's file, or -1.
    int log;
    // Whether standard error isn't the log.
    int is_log_elsewhere;
    // Whether the log is the system's.
    int is_system_log;
    // Whether lines of the log are JSON.
    int is_json;
    // A file of what libraries and Swift's runtime have written to standard error; -1 where somebody reads that.
    int words;
    // Seconds from UTC to the local time, which is the system log's.
    long offset;
    char version[32];
    size_t code_count;
    struct twiliofs_code code[TWILIOFS_MOST_CODE];
    // The thread that writes; 0 without any.
    int writer;
} twiliofs_crash = {-1, 0, 0, 0, -1, 0, "", 0, {{0, 0, 0, ""}}, 0};

// A text that is cut where its space ends.
struct twiliofs_text {
    char bytes[2400];
    size_t count;
};

static inline void twiliofs_put(struct twiliofs_text *text, const char *bytes) {
    // Space for the line's end is kept.
    while (*bytes && text->count < sizeof text->bytes - 8) text->bytes[text->count++] = *bytes++;
}

static inline void twiliofs_put_number(struct twiliofs_text *text, unsigned long number, unsigned base, int width) {
    char digits[32];
    int count = 0;
    do digits[count++] = "0123456789abcdef"[number % base];
    while ((number /= base) && count < 31);
    while (count < width && count < 31) digits[count++] = '0';
    char turned[32];
    for (int index = 0; index < count; index++) turned[index] = digits[count - 1 - index];
    turned[count] = 0;
    twiliofs_put(text, turned);
}

// Puts foreign bytes: no control character, nothing that ends a string of JSON, nothing that may not be UTF-8.
static inline void twiliofs_put_foreign(struct twiliofs_text *text, const char *bytes, size_t count) {
    for (size_t index = 0; index < count && bytes[index]; index++) {
        char byte[2] = {bytes[index], 0};
        if (byte[0] == '"') byte[0] = '\'';
        if (byte[0] < ' ' || byte[0] > '~' || byte[0] == '\\') byte[0] = '?';
        twiliofs_put(text, byte);
    }
}

// The date and the time of day of a second (Howard Hinnant's days_from_civil, turned round).
static inline void twiliofs_civil(long second, long *year, unsigned fields[5]) {
    long day = second / 86400, rest = second % 86400;
    long shifted = day + 719468, era = shifted / 146097;
    unsigned day_of_era = (unsigned)(shifted - era * 146097);
    unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned month = (5 * day_of_year + 2) / 153;
    fields[1] = day_of_year - (153 * month + 2) / 5 + 1;
    fields[0] = month < 10 ? month + 3 : month - 9;
    *year = (long)year_of_era + era * 400 + (fields[0] <= 2);
    fields[2] = (unsigned)(rest / 3600);
    fields[3] = (unsigned)(rest / 60 % 60);
    fields[4] = (unsigned)(rest % 60);
}

// The time as in RFC 3339, in UTC.
static inline void twiliofs_put_time(struct twiliofs_text *text) {
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_REALTIME, &now);
    long year;
    unsigned fields[5];
    twiliofs_civil(now.tv_sec, &year, fields);
    twiliofs_put_number(text, (unsigned long)year, 10, 4);
    for (int index = 0; index < 5; index++) {
        static const char *const marks[] = {"-", "-", "T", ":", ":"};
        twiliofs_put(text, marks[index]);
        twiliofs_put_number(text, fields[index], 10, 2);
    }
    twiliofs_put(text, ".");
    twiliofs_put_number(text, (unsigned long)now.tv_nsec / 1000000, 10, 3);
    twiliofs_put(text, "Z");
}

// The local time as in RFC 3164, as syslog(3) writes it.
static inline void twiliofs_put_local_time(struct twiliofs_text *text) {
    static const char *const months[] = {"Jan ", "Feb ", "Mar ", "Apr ", "May ", "Jun ",
                                         "Jul ", "Aug ", "Sep ", "Oct ", "Nov ", "Dec "};
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_REALTIME, &now);
    long year;
    unsigned fields[5];
    twiliofs_civil(now.tv_sec + twiliofs_crash.offset, &year, fields);
    twiliofs_put(text, months[(fields[0] - 1) % 12]);
    if (fields[1] < 10) twiliofs_put(text, " ");
    twiliofs_put_number(text, fields[1], 10, 1);
    for (int index = 2; index < 5; index++) {
        twiliofs_put(text, index == 2 ? " " : ":");
        twiliofs_put_number(text, fields[index], 10, 2);
    }
}

static inline const char *twiliofs_signal_name(int number) {
    switch (number) {
    case SIGABRT: return "SIGABRT";
    case SIGBUS: return "SIGBUS";
    case SIGFPE: return "SIGFPE";
    case SIGILL: return "SIGILL";
    case SIGSEGV: return "SIGSEGV";
    case SIGTRAP: return "SIGTRAP";
    default: return "a signal";
    }
}

struct twiliofs_registers {
    uintptr_t place, frame, stack;
};

static inline struct twiliofs_registers twiliofs_registers_of(const void *context) {
    const ucontext_t *machine = (const ucontext_t *)context;
    struct twiliofs_registers registers = {0, 0, 0};
#if defined(__x86_64__)
    // RIP, RBP and RSP; their names are GNU's.
    registers.place = (uintptr_t)machine->uc_mcontext.gregs[16];
    registers.frame = (uintptr_t)machine->uc_mcontext.gregs[10];
    registers.stack = (uintptr_t)machine->uc_mcontext.gregs[15];
#elif defined(__aarch64__)
    registers.place = (uintptr_t)machine->uc_mcontext.pc;
    registers.frame = (uintptr_t)machine->uc_mcontext.regs[29];
    registers.stack = (uintptr_t)machine->uc_mcontext.sp;
#endif
    return registers;
}

// Whether a fault is that of a thread whose stack has no space left: it touches memory beside the stack's end.
static inline int twiliofs_is_overflow(const siginfo_t *info, uintptr_t stack) {
    uintptr_t fault = (uintptr_t)info->si_addr;
    return info->si_signo == SIGSEGV && info->si_code > 0 && stack != 0 && fault + 65536 > stack
           && fault < stack + 65536;
}

// Why the signal came.
static inline void twiliofs_put_reason(struct twiliofs_text *text, const siginfo_t *info, uintptr_t stack) {
    twiliofs_put(text, twiliofs_signal_name(info->si_signo));
    // 0 and less: by kill(2) and its relatives, not by the kernel.
    if (info->si_code <= 0 && info->si_pid != getpid()) {
        twiliofs_put(text, ", sent by process ");
        twiliofs_put_number(text, (unsigned long)info->si_pid, 10, 1);
        twiliofs_put(text, " of the user ");
        twiliofs_put_number(text, (unsigned long)info->si_uid, 10, 1);
        return;
    }
    const char *reason = "";
    switch (info->si_signo) {
    case SIGABRT: reason = " (a library gave up)"; break;
    case SIGBUS: reason = " (memory whose file is shorter or can't be read)"; break;
    case SIGFPE: reason = " (a division by zero)"; break;
    case SIGILL:
    case SIGTRAP: reason = " (a check of the program failed)"; break;
    case SIGSEGV:
        reason = twiliofs_is_overflow(info, stack) ? " (a thread's stack is used up)" : " (an address without memory)";
        break;
    default: break;
    }
    twiliofs_put(text, reason);
}

// Whether a line is one of the list of frames that Swift's runtime prints after the reason.
static inline int twiliofs_is_of_trace(const char *line, size_t count) {
    static const char heading[] = "Current stack trace:";
    return count == 0 || *line == ' ' || (*line >= '0' && *line <= '9')
           || (count >= sizeof heading - 1 && memcmp(line, heading, sizeof heading - 1) == 0);
}

// The size of an open file, and the second in which it was last written to; returns whether they are known.
//
// By the kernel's structure (statx(2)): with glibc's header, Swift would look for `stat` in this module.
static inline int twiliofs_size_and_time(int descriptor, int64_t *size, int64_t *second) {
    unsigned char status[256];
    // AT_EMPTY_PATH; STATX_SIZE and STATX_MTIME.
    if (syscall(SYS_statx, (long)descriptor, "", 0x1000L, 0x240L, status) != 0) return 0;
    memcpy(size, status + 40, sizeof *size);
    memcpy(second, status + 112, sizeof *second);
    return 1;
}

// Puts the last reason that was written to standard error, where nobody would see it.
static inline void twiliofs_put_words(struct twiliofs_text *text) {
    if (twiliofs_crash.words < 0) return;
    // An older line has nothing to do with this crash.
    int64_t size, second;
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_REALTIME, &now);
    if (!twiliofs_size_and_time(twiliofs_crash.words, &size, &second)) return;
    if (now.tv_sec - second > TWILIOFS_FRESH_WORDS) return;
    static char words[TWILIOFS_MOST_WORDS];
    off_t end = lseek(twiliofs_crash.words, 0, SEEK_END);
    off_t start = end > (off_t)sizeof words ? end - (off_t)sizeof words : 0;
    ssize_t last = pread(twiliofs_crash.words, words, sizeof words, start);
    while (last > 0) {
        ssize_t first = last;
        while (first > 0 && words[first - 1] != '\n') first--;
        size_t count = (size_t)(last - first);
        if (!twiliofs_is_of_trace(words + first, count)) {
            twiliofs_put(text, ": ");
            twiliofs_put_foreign(text, words + first, count < TWILIOFS_LONGEST_LINE ? count : TWILIOFS_LONGEST_LINE);
            return;
        }
        last = first - 1;
    }
}

// Puts a place in code; returns whether it is one.
static inline int twiliofs_put_place(struct twiliofs_text *text, uintptr_t place, int is_first) {
    for (size_t index = 0; index < twiliofs_crash.code_count; index++) {
        const struct twiliofs_code *code = &twiliofs_crash.code[index];
        if (place < code->start || place >= code->end) continue;
        if (!is_first) twiliofs_put(text, ",");
        twiliofs_put_foreign(text, code->name, sizeof code->name);
        twiliofs_put(text, "+0x");
        twiliofs_put_number(text, place - code->base, 16, 1);
        return 1;
    }
    return 0;
}

// The place of the fault, and those of its callers by the chain of frames, as far as that leads to code.
static inline void twiliofs_put_frames(struct twiliofs_text *text, struct twiliofs_registers registers) {
    int count = twiliofs_put_place(text, registers.place, 1);
    if (!count) twiliofs_put(text, "unknown");
    uintptr_t frame = registers.frame;
    for (int index = 1; index < TWILIOFS_MOST_FRAMES && frame % sizeof frame == 0; index++) {
        // The caller's frame, and the address to return to. The call fails for an address without memory.
        uintptr_t link[2] = {0, 0};
        struct iovec here = {link, sizeof link}, there = {(void *)frame, sizeof link};
        if (syscall(SYS_process_vm_readv, getpid(), &here, 1L, &there, 1L, 0L) != (long)sizeof link) return;
        // The address after the call; the call itself is in the line before.
        if (link[1] == 0 || !twiliofs_put_place(text, link[1] - 1, 0)) return;
        if (link[0] <= frame) return;
        frame = link[0];
    }
}

// Writes to a descriptor whose reader may have stopped: no longer than a second.
static inline void twiliofs_write_soon(int descriptor, const char *bytes, size_t count) {
    while (count > 0) {
        struct pollfd output = {descriptor, POLLOUT, 0};
        // A pipe that is ready takes these few bytes at once.
        if (poll(&output, 1, 1000) != 1 || !(output.revents & POLLOUT)) return;
        ssize_t written = write(descriptor, bytes, count);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;
        bytes += written;
        count -= (size_t)written;
    }
}

// Sends a line to the system's log, whose socket takes datagrams on most systems, and a stream on some.
static inline void twiliofs_send_to_system_log(const char *bytes, size_t count) {
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
    const int types[] = {SOCK_DGRAM, SOCK_STREAM};
    for (int index = 0; index < 2; index++) {
        int descriptor = socket(AF_UNIX, types[index] | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (descriptor < 0) return;
        if (connect(descriptor, (const struct sockaddr *)&address, sizeof address) == 0) {
            // A line ends with a zero byte on a stream.
            twiliofs_write_soon(descriptor, bytes, count + (types[index] == SOCK_STREAM));
            close(descriptor);
            return;
        }
        close(descriptor);
    }
}

// Puts the line in the format of the log, without its end.
static inline void twiliofs_put_line(
    struct twiliofs_text *line, const siginfo_t *info, struct twiliofs_registers registers, int has_time
) {
    char thread[17] = "";
    prctl(PR_GET_NAME, thread, 0, 0, 0);
    int is_json = twiliofs_crash.is_json;
    if (is_json) {
        twiliofs_put(line, "{\"frames\":\"");
        twiliofs_put_frames(line, registers);
        twiliofs_put(line, "\",\"level\":\"critical\",\"logger\":\"twiliofs\",\"message\":\"");
    } else {
        if (has_time) {
            twiliofs_put_time(line);
            twiliofs_put(line, " ");
        }
        twiliofs_put(line, "critical: ");
    }
    twiliofs_put(line, "this process ends by ");
    twiliofs_put_reason(line, info, registers.stack);
    twiliofs_put_words(line);
    if (!is_json) {
        twiliofs_put(line, " frames=");
        twiliofs_put_frames(line, registers);
    }
    twiliofs_put(line, is_json ? "\",\"signal\":\"" : " signal=");
    twiliofs_put(line, twiliofs_signal_name(info->si_signo));
    twiliofs_put(line, is_json ? "\",\"thread\":\"" : " thread=");
    twiliofs_put_foreign(line, thread, sizeof thread);
    if (is_json) {
        twiliofs_put(line, "\",\"time\":\"");
        twiliofs_put_time(line);
    }
    twiliofs_put(line, is_json ? "\",\"version\":\"" : " version=");
    twiliofs_put(line, twiliofs_crash.version);
    if (is_json) twiliofs_put(line, "\"}");
}

static inline void twiliofs_write_last_words(const siginfo_t *info, struct twiliofs_registers registers) {
    struct twiliofs_text line;
    line.count = 0;
    if (twiliofs_crash.is_system_log) {
        // LOG_DAEMON and LOG_CRIT.
        twiliofs_put(&line, "<26>");
        twiliofs_put_local_time(&line);
        twiliofs_put(&line, " twiliofs[");
        twiliofs_put_number(&line, (unsigned long)getpid(), 10, 1);
        twiliofs_put(&line, "]: ");
        twiliofs_put_line(&line, info, registers, 0);
        line.bytes[line.count] = 0;
        twiliofs_send_to_system_log(line.bytes, line.count);
    } else {
        twiliofs_put_line(&line, info, registers, 1);
        line.bytes[line.count++] = '\n';
        twiliofs_write_soon(twiliofs_crash.log, line.bytes, line.count);
    }
    // A person at a terminal, or a service manager, doesn't look at the log.
    if (!twiliofs_crash.is_log_elsewhere || twiliofs_crash.words >= 0) return;
    line.count = 0;
    twiliofs_put(&line, "twiliofs: this process ends by ");
    twiliofs_put_reason(&line, info, registers.stack);
    twiliofs_put(&line, "; its log has the place\n");
    twiliofs_write_soon(STDERR_FILENO, line.bytes, line.count);
}

static inline void twiliofs_crash_handle(int number, siginfo_t *info, void *context) {
    int thread = (int)syscall(SYS_gettid), none = 0;
    if (__atomic_compare_exchange_n(&twiliofs_crash.writer, &none, thread, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        twiliofs_write_last_words(info, twiliofs_registers_of(context));
    } else if (none != thread) {
        // Another thread writes, and then ends the process.
        struct timespec pause = {3, 0};
        nanosleep(&pause, NULL);
    }
    // The signal's own end of the process, so that whoever waits for it learns the signal.
    struct sigaction standard;
    memset(&standard, 0, sizeof standard);
    standard.sa_handler = SIG_DFL;
    sigaction(number, &standard, NULL);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, number);
    syscall(SYS_tgkill, getpid(), thread, number);
    sigprocmask(SIG_UNBLOCK, &signals, NULL);
    _exit(128 + number);
}

// Adds a part of memory with code, for the places of a crash.
static inline void twiliofs_crash_add_code(uintptr_t start, uintptr_t end, uintptr_t base, const char *name) {
    if (twiliofs_crash.code_count >= TWILIOFS_MOST_CODE) return;
    struct twiliofs_code *code = &twiliofs_crash.code[twiliofs_crash.code_count++];
    code->start = start;
    code->end = end;
    code->base = base;
    strncpy(code->name, name, sizeof code->name - 1);
}

// Has a crash's signals write last words to a descriptor, or to the system's log.
//
// For a log on standard error, `log` is a copy of its descriptor.
static inline int twiliofs_report_crash(
    int number, int log, int is_log_elsewhere, int is_system_log, int is_json, const char *version
) {
    twiliofs_crash.log = log;
    twiliofs_crash.is_log_elsewhere = is_log_elsewhere;
    twiliofs_crash.is_system_log = is_system_log;
    twiliofs_crash.is_json = is_json;
    strncpy(twiliofs_crash.version, version, sizeof twiliofs_crash.version - 1);
    time_t now = time(NULL);
    struct tm local;
    if (localtime_r(&now, &local) != NULL) twiliofs_crash.offset = local.tm_gmtoff;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = twiliofs_crash_handle;
    // On a stack of its own, since the thread's may be used up.
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigfillset(&action.sa_mask);
    return sigaction(number, &action, NULL);
}

// Names the file that has what was written to standard error; -1 for none.
//
// What is written goes to its end, wherever that is: the file is emptied now and then.
static inline void twiliofs_crash_take_words(int descriptor) {
    if (descriptor >= 0) fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_APPEND);
    twiliofs_crash.words = descriptor;
}

// Empties that file once it has more than a crash could quote: it is in memory.
static inline void twiliofs_crash_trim_words(void) {
    int64_t size, second;
    if (twiliofs_crash.words < 0 || !twiliofs_size_and_time(twiliofs_crash.words, &size, &second)) return;
    if (size > 4 * TWILIOFS_MOST_WORDS) (void)!ftruncate(twiliofs_crash.words, 0);
}

#endif
