import CFUSE
import Glibc
import Logging
import Support

/// libfuse's messages: it prints reasons instead of returning them.
enum LibraryMessages {
    private static let text = Locked("")
    private static let logger = Locked<Logger?>(nil)

    /// Collects libfuse's messages from now on, instead of printing them.
    static func capture() {
        logger.withLock { $0 = nil }
        text.withLock { $0 = "" }
        fuse_set_log_func(keepMessage)
    }

    /// Logs the messages from now on, line by line.
    static func forward(to logger: Logger) { self.logger.withLock { $0 = logger } }

    /// The last line, without the library's name; nil without any.
    static var last: String? {
        text.withLock { text in
            let line = text.split(whereSeparator: \.isNewline).last
            return line.map { String($0.hasPrefix("fuse: ") ? $0.dropFirst(6) : $0) }
        }
    }

    /// Keeps or logs a piece of a message; messages come in pieces, not in lines.
    fileprivate static func keep(_ piece: String) {
        guard let logger = logger.withLock({ $0 }) else {
            text.withLock { $0 += piece }
            return
        }
        let lines = text.withLock { text -> [Substring] in
            text += piece
            guard let end = text.lastIndex(where: \.isNewline) else { return [] }
            defer { text = String(text[text.index(after: end)...]) }
            return text[..<end].split(whereSeparator: \.isNewline)
        }
        for line in lines { logger.warning("libfuse: \(line)") }
    }
}

private func keepMessage(_ level: fuse_log_level, _ format: UnsafePointer<CChar>?, _ arguments: CVaListPointer?) {
    guard let format, let arguments else { return }
    var piece = [CChar](repeating: 0, count: 512)
    vsnprintf(&piece, piece.count, format, arguments)
    LibraryMessages.keep(String(decoding: piece.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
}
