import Envelope
import Glibc
import Support

/// The terminal of the person who runs the command.
enum Terminal {
    /// Whether the process has a controlling terminal; a terminal that was closed controls nothing.
    static var isAttached: Bool {
        let descriptor = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { return false }
        close(descriptor)
        return true
    }

    /// The settings of a terminal, and who used it when they were remembered.
    private struct Remembered {
        var settings: termios
        let group: pid_t
    }

    private static let remembered = Locked<Remembered?>(nil)

    /// Remembers the settings of the terminal at which this process is in the foreground, for ``restore()``.
    ///
    /// The key process may change them for a prompt, and be ended in the middle of it.
    static func remember() {
        let descriptor = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var settings = termios()
        let group = getpgrp()
        guard tcgetpgrp(descriptor) == group, tcgetattr(descriptor, &settings) == 0 else { return }
        remembered.withLock { $0 = Remembered(settings: settings, group: group) }
    }

    /// Gives the terminal the settings that were remembered, if this process is still in the foreground there: a prompt
    /// that nobody will end leaves it without echo.
    ///
    /// SIGTTOU has to be blocked.
    static func restore() {
        remembered.withLock { remembered in
            guard var terminal = remembered else { return }
            let descriptor = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
            guard descriptor >= 0 else { return }
            defer { close(descriptor) }
            // In the background, the settings are another program's.
            guard tcgetpgrp(descriptor) == terminal.group else { return }
            tcsetattr(descriptor, TCSANOW, &terminal.settings)
        }
    }

    /// Asks for a secret without showing the answer; returns nil if the process has no terminal.
    ///
    /// - Parameters:
    ///   - status: The status of the failure if the answer is empty.
    ///   - asker: A socket at whose end nobody needs the answer any more.
    static func askForSecret(
        _ prompt: String, status: FailureStatus, for asker: Int32? = nil
    ) throws(Failure) -> SecretBytes? {
        let descriptor = open("/dev/tty", O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var settings = termios()
        guard tcgetattr(descriptor, &settings) == 0 else { return nil }
        var silent = settings
        // Without ECHO, nothing is shown. Without ICANON and ISIG, Control-C and the like are characters for the loop
        // below, not signals that would end the process before it restores the terminal.
        silent.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
        tcsetattr(descriptor, TCSAFLUSH, &silent)
        defer { tcsetattr(descriptor, TCSAFLUSH, &settings) }
        // The prompt may contain a file's name, which could steer the terminal.
        let text = Array(ForeignText.singleLine(prompt).utf8)
        _ = write(descriptor, text, text.count)
        var secret: [UInt8] = []
        // Enough room: an array that grows leaves a copy behind.
        secret.reserveCapacity(1024)
        defer { explicit_bzero(&secret, secret.count) }
        var character: UInt8 = 0
        reading: while SecretReader.waitForInput(descriptor, until: nil, or: asker),
            read(descriptor, &character, 1) == 1
        {
            switch character {
            // Control-D, Control-C, backspace and delete have numbers.
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"), 4: break reading
            case 3:
                _ = write(descriptor, "\n", 1)
                throw Failure(.other, "cancelled")
            case 8, 127: _ = secret.popLast()
            default: secret.append(character)
            }
        }
        _ = write(descriptor, "\n", 1)
        guard !secret.isEmpty else { throw Failure(status, "the answer to the prompt is empty") }
        return SecretBytes(secret)
    }
}
