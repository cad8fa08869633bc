import Glibc

/// The descriptors 0, 1 and 2: standard input, output and error.
enum StandardDescriptors {
    /// Opens the closed ones on `/dev/null`.
    ///
    /// A parent process may have closed them (`<&- >&-`). Then the next pipe, socket or file would get one of these
    /// numbers, and the program would write its messages there.
    static func openClosed() {
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
            // open(2) returns the lowest free number, which is this one. If there is no /dev/null, a directory takes
            // the number: it can be neither read nor written.
            if open("/dev/null", O_RDWR) < 0 { _ = open("/", O_RDONLY | O_DIRECTORY) }
        }
    }
}
