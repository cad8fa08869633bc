import Foundation
import Glibc
import TestSupport
import Testing

@testable import twiliofs

/// The socket of a service manager.
final class NotifySocket: Sendable {
    private let descriptor: Int32

    /// Listens at a path, or at `@` and the name of an abstract socket.
    init(_ name: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(name.utf8)
        if name.hasPrefix("@") { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
        }
        guard descriptor >= 0, result == 0 else { throw CommandError("nothing can listen at \(name)") }
    }

    deinit { close(descriptor) }

    /// The next message, if one has come.
    func message() -> String? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        return count >= 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}

@Suite("The service manager", .orderly)
struct ServiceManagerTests {
    @Test("It is told through a path or an abstract socket", arguments: [true, false])
    func sockets(isAbstract: Bool) throws {
        let folder = try TemporaryFolder()
        let name = isAbstract ? "@twiliofs-test-\(UUID().uuidString)" : folder.path("notify")
        let socket = try NotifySocket(name)
        let manager = ServiceManager(name: name)
        manager.tell("READY=1", "STATUS=a\nMAINPID=1")
        let message = try #require(socket.message())
        // No text can make another assignment.
        #expect(message.split(separator: "\n").map(String.init).count == 2)
        #expect(message.hasPrefix("READY=1\nSTATUS=a"))
    }

    @Test("Without a listener nothing happens", arguments: [nil, "", "relative", "/nonexistent/notify"])
    func nobody(name: String?) {
        ServiceManager(name: name).tell("READY=1")
    }

    @Test(
        "It learns that a mount is ready, and that it ends, and its socket isn't handed on",
        .enabled(if: KernelSupport.isExpected, Comment(rawValue: KernelSupport.reason)), arguments: [true, false])
    func mount(isAbstract: Bool) throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let folder = try TemporaryFolder()
        let name = isAbstract ? "@twiliofs-test-\(UUID().uuidString)" : folder.path("notify")
        let socket = try NotifySocket(name)
        let mount = try MountedAccount(account, keys: [], environment: ["NOTIFY_SOCKET": name])
        var message: String?
        func receive() -> Bool {
            message = socket.message()
            return message != nil
        }
        try wait(until: "it is ready") { receive() }
        #expect(message == "READY=1\nSTATUS=\(account.sid) is mounted on \(mount.path)")
        #expect(mount.isMounted)
        let children = try Command.run(["pgrep", "-P", "\(mount.process.processID)"]).lines.compactMap(Int32.init)
        for child in children { #expect(ProcessFiles(child).text("environ")?.contains("NOTIFY_SOCKET") == false) }
        #expect(try mount.unmount().end == .exited(0))
        #expect(receive() && message == "STOPPING=1\nSTATUS=")
    }

    @Test("A mount that fails isn't ready")
    func failure() throws {
        let folder = try TemporaryFolder()
        let socket = try NotifySocket(folder.path("notify"))
        let result = try Command.run(
            [BuiltPrograms.twiliofs, "mount", "-f", "--no-key", "/nowhere/at/all"],
            adding: ["NOTIFY_SOCKET": folder.path("notify"), "TWILIO_ACCOUNT_SID": "AC1"])
        #expect(result.end != .exited(0))
        #expect(socket.message() == nil)
    }
}
