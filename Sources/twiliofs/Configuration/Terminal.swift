import Envelope
import Glibc
import Support

/// The terminal at which a person may be asked.
enum Terminal {
    /// Asks for a secret, which isn't shown while it is typed.
    ///
    /// - Parameter status: what to end with when nothing is typed.
    /// - Returns: nil when there is no terminal.
    static func askForSecret(_ prompt: String, status: FailureStatus) throws(Failure) -> SecretBytes? {
        let descriptor = open("/dev/tty", O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var settings = termios()
        guard tcgetattr(descriptor, &settings) == 0 else { return nil }
        var silent = settings
        // Character by character and without signals, so that the terminal is in order again whatever is typed.
        silent.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
        tcsetattr(descriptor, TCSAFLUSH, &silent)
        defer { tcsetattr(descriptor, TCSAFLUSH, &settings) }
        // It may name a file.
        let text = Array(ForeignText.singleLine(prompt).utf8)
        _ = write(descriptor, text, text.count)
        var secret: [UInt8] = []
        // Room for all that is typed, so that growing leaves no copies behind.
        secret.reserveCapacity(1024)
        defer { explicit_bzero(&secret, secret.count) }
        var character: UInt8 = 0
        reading: while read(descriptor, &character, 1) == 1 {
            switch character {
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"), 4: break reading
            case 3:
                _ = write(descriptor, "\n", 1)
                throw Failure(.other, "cancelled")
            case 8, 127: _ = secret.popLast()
            default: secret.append(character)
            }
        }
        _ = write(descriptor, "\n", 1)
        guard !secret.isEmpty else {
            throw Failure(status, "the answer to the prompt is empty")
        }
        return SecretBytes(secret)
    }
}
