import CLinux
import Glibc
import Support

/// The service manager that has started this program, systemd for instance, and what it is told: see sd_notify(3).
///
/// The protocol is a text in a datagram, so libsystemd isn't needed.
final class ServiceManager: Sendable {
    /// The connected socket; -1 if nobody listens.
    private let socket: Int32

    /// Connects to the socket that the environment names, and removes that name: programs that this one starts mustn't
    /// speak for it.
    ///
    /// No other thread may run yet.
    convenience init() {
        let name = getenv("NOTIFY_SOCKET").map { String(cString: $0) }
        unsetenv("NOTIFY_SOCKET")
        self.init(name: name)
    }

    /// Connects to a socket.
    ///
    /// - Parameter name: An absolute path, or `@` and the name of an abstract socket; nil for none.
    init(name: String?) { socket = name.flatMap(Self.connected) ?? -1 }

    deinit { if socket >= 0 { close(socket) } }

    /// Tells assignments, `READY=1` for instance; without a listener, nothing happens.
    func tell(_ assignments: String...) {
        guard socket >= 0 else { return }
        let bytes = Array(assignments.map(ForeignText.singleLine).joined(separator: "\n").utf8)
        _ = twiliofs_send_message(socket, bytes, bytes.count, -1)
    }

    private static func connected(_ name: String) -> Int32? {
        guard name.hasPrefix("/") || name.hasPrefix("@") else { return nil }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var path = Array(name.utf8)
        if name.hasPrefix("@") { path[0] = 0 }
        guard path.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = Glibc.socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { return nil }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
        }
        guard result == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }
}
