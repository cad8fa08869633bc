import CLinux
import Foundation
import Glibc
import Logging

/// The system's log, syslog(3), with the program's name as identity.
enum SystemLog {
    /// Its socket (`_PATH_LOG`).
    static let path = "/dev/log"

    /// Names this program in later lines.
    static func open() {
        // The C library keeps the pointer, so it points to a constant, which ends with a zero byte.
        let identity: StaticString = "twiliofs"
        openlog(UnsafeRawPointer(identity.utf8Start).assumingMemoryBound(to: CChar.self), LOG_PID, LOG_DAEMON)
    }

    /// Whether its socket has a listener; syslog(3) itself doesn't report that.
    static var isReachable: Bool {
        // On most systems the socket takes datagrams, on some a stream.
        [SOCK_DGRAM, SOCK_STREAM].contains { type in
            let descriptor = socket(AF_UNIX, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            guard descriptor >= 0 else { return false }
            defer { close(descriptor) }
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            return withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
                }
            }
        }
    }

    static func write(_ line: String, level: Logger.Level) {
        // The text is a C string, since C varargs receive a String as an object.
        line.withCString { text in withVaList([text]) { vsyslog(priority(of: level), "%s", $0) } }
    }

    private static func priority(of level: Logger.Level) -> Int32 {
        switch level {
        case .trace, .debug: LOG_DEBUG
        case .info: LOG_INFO
        case .notice: LOG_NOTICE
        case .warning: LOG_WARNING
        case .error: LOG_ERR
        case .critical: LOG_CRIT
        }
    }
}
