import Glibc

/// The descriptors 0, 1 and 2: standard input, output and error.
enum StandardDescriptors {
    /// Opens those that are closed on `/dev/null`.
    ///
    /// A program can be started without them (`<&- >&-`). The next pipe, socket or file would get such a number, and
    /// messages would be written into it.
    static func openClosed() {
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
            // The kernel gives the lowest free number, which is this one. Without /dev/null a folder occupies it, which
            // can neither be read nor written.
            if open("/dev/null", O_RDWR) < 0 { _ = open("/", O_RDONLY | O_DIRECTORY) }
        }
    }
}
