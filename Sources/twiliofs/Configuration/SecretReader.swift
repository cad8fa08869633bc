import Credentials
import Envelope
import Glibc
import KeyProcess
import Support

/// Reads secrets from files: keys, tokens, passphrases.
///
/// It reads pipes too, so a secret needn't be on a disk: `--auth-token-file <(pass twilio)`.
struct SecretReader: Sendable {
    /// The greatest size of a file, in bytes; keys, tokens and passphrases are smaller.
    private static let limit = 64 << 10
    /// Whether to refuse a file that another user owns or can read; otherwise ``warn`` is called.
    var isStrict = false
    /// The longest wait for a pipe's contents, which a person may have to type.
    var patience = Bounds.longestWait
    /// Whether a pipe is read too, as long as its contents may take.
    var acceptsPipes = true
    /// The folder with the credentials of a service (systemd.exec(5)); nil outside of a service that has some.
    var credentialsFolder: String?
    /// Reads files again while the mount is running; nil to read each once.
    var rereading: Rereading?
    /// A socket at whose end nobody needs the secrets any more, so that no person and no pipe is waited for.
    var asker: Int32?
    /// Opens the files when this process can't any more; nil if it always can.
    var doorkeeper: Doorkeeper?
    /// The files that were opened for this process, by their paths.
    var opened: [String: OpenedFile] = [:]
    /// Receives a warning about a file.
    var warn: @Sendable (String) -> Void = { _ in }

    /// Reads files again while the mount is running.
    ///
    /// A pipe that has taken a file's place may never bring anything, and every other file would wait for it.
    var later: SecretReader {
        var reader = self
        reader.acceptsPipes = false
        return reader
    }

    /// The file that a name on the command line means.
    ///
    /// A name without a slash is that of a service's credential, if there is one.
    func file(named name: String) -> String {
        guard let credentialsFolder, !name.isEmpty, !name.contains("/") else { return name }
        let path = "\(credentialsFolder)/\(name)"
        return access(path, F_OK) == 0 ? path : name
    }

    /// Reads the one word of the first line that isn't blank.
    ///
    /// No token and no secret of Twilio's has a blank in it, but the first lines of keys, lists and JSON have: what was
    /// made of these would be refused by Twilio, without the reason.
    ///
    /// - Parameter what: The name of the secret in messages.
    func text(_ path: String, what: String) throws(Failure) -> String {
        let words = try words(path, what: what)
        guard words.count == 1 else { throw Self.severalWords(path, what) }
        return words[0]
    }

    /// Reads the words of the first line that isn't blank, of which there is at least one.
    func words(_ path: String, what: String) throws(Failure) -> [String] {
        let text = try lines(path, what: what).trimmed
        let words = text.split(whereSeparator: \.isNewline).first?.split(whereSeparator: \.isWhitespace) ?? []
        guard !words.isEmpty else { throw Self.empty(path, what, .credentials) }
        return words.map { String($0) }
    }

    /// The failure of a file whose first line isn't a secret.
    static func severalWords(_ path: String, _ what: String) -> Failure {
        Failure(
            .credentials,
            "the file '\(path)', which should hold the \(what), has several words in its first line: name the right"
                + " file, or leave that alone there")
    }

    /// Reads all lines of a text.
    ///
    /// A file with bytes that no secret has is another file, or half of one: what was made of it would be refused by
    /// Twilio, without the reason.
    func lines(
        _ path: String, what: String, limit: Int = limit, isOwnersAlone: Bool = false
    ) throws(Failure) -> String {
        let contents = try contents(
            path, what: what, status: .credentials, limit: limit, isOwnersAlone: isOwnersAlone)
        let text = contents.withUnsafeBytes { String(validating: $0, as: UTF8.self) }
        let isControl = { (byte: UInt8) in byte < 0x20 && !(0x09...0x0D).contains(byte) || byte == 0x7F }
        guard let text, !text.utf8.contains(where: isControl) else {
            throw Failure(
                .credentials,
                "the file '\(path)', which should hold the \(what), isn't a text: name another, or write it again as"
                    + " UTF-8")
        }
        return text
    }

    /// Reads the first line with its blanks, but without its end.
    func firstLine(_ path: String, what: String, status: FailureStatus) throws(Failure) -> SecretBytes {
        let contents = try contents(path, what: what, status: status)
        let line = contents.withUnsafeBytes { bytes in
            SecretBytes(bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") })
        }
        guard line.count > 0 else { throw Self.empty(path, what, status) }
        return line
    }

    /// Reads a small file into memory that is locked and wiped, and removes its byte order mark.
    ///
    /// - Parameter isOwnersAlone: Whether to refuse a file with a fault even if ``isStrict`` is false.
    func contents(
        _ name: String, what: String, status: FailureStatus, limit: Int = limit, isOwnersAlone: Bool = false
    ) throws(Failure) -> SecretBytes {
        let path = file(named: name)
        // Without O_NONBLOCK, a pipe without a writer would block here.
        let descriptor = open(path)
        guard descriptor >= 0 else { throw notOpened(path, what, status) }
        defer { close(descriptor) }
        var file = stat()
        guard fstat(descriptor, &file) == 0 else { throw Self.unreadable(path, what, status) }
        switch file.st_mode & S_IFMT {
        case S_IFREG:
            for fault in faults(of: file, path) {
                let sentence = "the file '\(path)' with the \(what) \(fault)"
                guard !isStrict, !isOwnersAlone else { throw Failure(status, sentence) }
                warn(sentence)
            }
        case S_IFIFO where acceptsPipes: break
        case S_IFIFO:
            throw Failure(
                status,
                "'\(path)', which should hold the \(what), is a pipe, which is only read when mounting: put a file"
                    + " there")
        case S_IFDIR:
            throw Failure(status, "'\(path)', which should hold the \(what), is a directory: name a file in it")
        default: throw Failure(status, "'\(path)', which should hold the \(what), is neither a file nor a pipe")
        }
        let bytes = try read(descriptor, room: Self.room(for: file, limit: limit), limit: limit, path, what, status)
        guard let text = Self.withoutByteOrderMark(bytes) else {
            throw Failure(status, "the file '\(path)' with the \(what) is UTF-16: store it as UTF-8")
        }
        return text
    }

    /// Opens a file; returns -1 with `errno` if that fails.
    private func open(_ path: String) -> Int32 {
        switch opened[path] {
        case .descriptor(let descriptor):
            lseek(descriptor, 0, SEEK_SET)
            return fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
        case .failed(let number):
            errno = number
            return -1
        case nil: return doorkeeper?.openSecret(path, flags: Self.flags) ?? Glibc.open(path, Self.flags)
        }
    }

    private static let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY

    /// Whether there is a file, as far as it may be known.
    func exists(_ path: String) -> Bool {
        let descriptor = open(path)
        guard descriptor >= 0 else { return errno != ENOENT && errno != ENOTDIR }
        close(descriptor)
        return true
    }

    /// The ways in which others can read or change a file, each with its remedy.
    private func faults(of file: stat, _ path: String) -> [String] {
        var faults: [String] = []
        if file.st_uid != geteuid(), file.st_uid != 0 {
            let owner = "belongs to another user, with the ID \(file.st_uid), who can read and change it"
            faults.append("\(owner): make a copy of your own")
        }
        if file.st_mode & 0o077 != 0, !isServiceCredential(file, path) {
            faults.append("can be read by others: run chmod 600 \(path.shellWord)")
        }
        return faults
    }

    /// Whether systemd made a file for this service alone.
    ///
    /// It gives root's file to the service's user with an access list, whose mask looks like permissions of the group.
    private func isServiceCredential(_ file: stat, _ path: String) -> Bool {
        guard let credentialsFolder, path.hasPrefix(credentialsFolder + "/") else { return false }
        return file.st_uid == 0 && file.st_gid == 0 && file.st_mode & 0o037 == 0
    }

    /// The room for a file's bytes, and for one more, which tells that it is longer.
    ///
    /// Locked memory is scarce: a buffer as large as the greatest list of credentials would be in ordinary memory.
    static func room(for file: stat, limit: Int) -> Int {
        // A pipe has no size, and neither have files that the kernel generates.
        let size = file.st_mode & S_IFMT == S_IFREG && file.st_size > 0 ? Int(file.st_size) : Self.limit
        return min(size, limit) + 1
    }

    private func read(
        _ descriptor: Int32, room: Int, limit: Int, _ path: String, _ what: String, _ status: FailureStatus
    ) throws(Failure) -> SecretBytes {
        let deadline = ContinuousClock.now + patience
        var buffer = SecretBytes([])
        var count = 0
        var room = room
        while true {
            let former = buffer
            buffer = try SecretBytes(count: room) { (memory) throws(Failure) in
                former.withUnsafeBytes { memory.copyBytes(from: $0) }
                try fill(memory, from: descriptor, &count, until: deadline, path, what, status)
            }
            guard count == room, count <= limit else { break }
            // It has no size, or has grown.
            room = min(2 * room, limit + 1)
        }
        guard count <= limit else { throw Failure(status, "the file '\(path)' is too large to hold the \(what)") }
        return buffer.withUnsafeBytes { SecretBytes($0.prefix(count)) }
    }

    /// Reads on, from the count of bytes that are there, until the memory is full or the file ends.
    private func fill(
        _ memory: UnsafeMutableRawBufferPointer, from descriptor: Int32, _ count: inout Int,
        until deadline: ContinuousClock.Instant, _ path: String, _ what: String, _ status: FailureStatus
    ) throws(Failure) {
        while count < memory.count {
            guard Self.waitForInput(descriptor, until: deadline, or: asker) else {
                throw Failure(status, "the \(what) has not come from the pipe '\(path)' within \(patience)")
            }
            let result = Glibc.read(descriptor, memory.baseAddress.map { $0 + count }, memory.count - count)
            if result < 0, errno == EINTR || errno == EAGAIN { continue }
            guard result >= 0 else { throw Self.unreadable(path, what, status) }
            if result == 0 { break }
            count += result
        }
    }

    /// Waits for input or its end, which a file has at once; returns false if the deadline comes first.
    ///
    /// - Parameters:
    ///   - deadline: Nil to wait without end.
    ///   - asker: A socket whose end ends the waiting too.
    static func waitForInput(_ descriptor: Int32, until deadline: ContinuousClock.Instant?, or asker: Int32?) -> Bool {
        while true {
            let left = deadline.map { Int32(max(.zero, $0 - .now) / .milliseconds(1)) } ?? -1
            // poll(2) ignores a negative descriptor, and tells the end of a socket unasked.
            var requests = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: asker ?? -1, events: 0, revents: 0),
            ]
            let result = poll(&requests, 2, left)
            if result > 0 { return requests[1].revents == 0 }
            if result == 0 || errno != EINTR { return false }
        }
    }

    /// Removes the byte order mark of Windows editors, and converts PowerShell's UTF-16 to ASCII.
    ///
    /// - Returns: The other bytes; nil for UTF-16 with characters beyond ASCII.
    private static func withoutByteOrderMark(_ bytes: SecretBytes) -> SecretBytes? {
        bytes.withUnsafeBytes { bytes in
            if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return SecretBytes(bytes.dropFirst(3)) }
            let isLittleEndian = bytes.starts(with: [0xFF, 0xFE])
            guard isLittleEndian || bytes.starts(with: [0xFE, 0xFF]) else { return SecretBytes(bytes) }
            let high = isLittleEndian ? 1 : 0
            guard bytes.count.isMultiple(of: 2) else { return nil }
            for index in stride(from: 2, to: bytes.count, by: 2) {
                guard bytes[index + high] == 0, bytes[index + 1 - high] < 0x80 else { return nil }
            }
            return SecretBytes(count: bytes.count / 2 - 1) { memory in
                for index in memory.indices { memory[index] = bytes[2 * index + 3 - high] }
            }
        }
    }

    private static func empty(_ path: String, _ what: String, _ status: FailureStatus) -> Failure {
        Failure(status, "the file '\(path)', which should hold the \(what), is empty")
    }

    /// The failure to open a file, which may have been meant as a service's credential.
    private func notOpened(_ path: String, _ what: String, _ status: FailureStatus) -> Failure {
        let isMissing = errno == ENOENT
        let failure = Self.unreadable(path, what, status)
        // A name without a slash may have become the path of a file in the working directory.
        guard isMissing, credentialsFolder != nil, let name = path.split(separator: "/").last.map(String.init),
            path == name || path == CacheFolder.absolute(name)
        else { return failure }
        return Failure(status, "\(failure.message); there is no '\(name)' in $CREDENTIALS_DIRECTORY either")
    }

    private static func unreadable(_ path: String, _ what: String, _ status: FailureStatus) -> Failure {
        Failure(status, "the \(what) can't be read from '\(path)': \(SystemErrorCode.current)")
    }
}
