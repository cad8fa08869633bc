import Glibc

/// The descriptors 0, 1 and 2: standard input, output and error.
enum StandardDescriptors {
    /// Opens closed ones on `/dev/null`.
    ///
    /// A parent may close them (`<&- >&-`). The next pipe, socket or file would get such a number, and then messages.
    static func openClosed() {
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
            // The kernel gives the lowest free number: this one. Without /dev/null, a folder, which programs can
            // neither read nor write, occupies it.
            if open("/dev/null", O_RDWR) < 0 { _ = open("/", O_RDONLY | O_DIRECTORY) }
        }
    }
}
