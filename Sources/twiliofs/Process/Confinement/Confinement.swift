import Glibc
import Logging
import Support

/// Has the mount give up what it doesn't need any more: all files but a few, and the rights of setuid programs.
enum Confinement {
    /// The kernel's Landlock; nil where a mount can't be confined, for a reason that is logged.
    ///
    /// - Parameter kernel: Asks the kernel.
    static func available(
        logger: Logger, kernel: () throws(SystemError) -> Landlock = { () throws(SystemError) in try Landlock() }
    ) -> Landlock? {
        do throws(SystemError) {
            return try kernel()
        } catch {
            logger.debug("the process can reach all files of its user: \(error.message)")
            return nil
        }
    }

    /// Checks that a file can still be opened which is opened again and again: new connections would fail later.
    ///
    /// - Parameter source: The option or the variable that names it.
    static func check(_ path: String, _ what: String, _ source: String) throws(Failure) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor < 0 else {
            close(descriptor)
            return
        }
        throw Failure(
            .configuration,
            "\(what) '\(path)' (\(source)) can't be opened by the confined process: \(SystemErrorCode.current); name a"
                + " file, not a link to it, in a folder of its own, or give --no-landlock")
    }

    /// Confines all threads.
    ///
    /// - Parameter landlock: nil to give up only the rights of setuid programs.
    static func begin(_ landlock: Landlock?, _ rules: [Landlock.Rule], logger: Logger) throws(Failure) {
        guard !Sanitizer.isPresent else { return logger.debug("a process with a sanitizer isn't confined") }
        do throws(SystemError) {
            guard let landlock else { return try EveryThread.confine(to: nil) }
            let ruleset = try landlock.ruleset(rules)
            defer { close(ruleset) }
            try EveryThread.confine(to: ruleset)
            logger.debug("the process can reach only the files that it needs (Landlock, version \(landlock.version))")
        } catch {
            throw Failure(.other, "the process can't be confined: \(error.message); --no-landlock mounts without that")
        }
    }
}
