import ArgumentParser
import CLinux
import Envelope
import Foundation
import Glibc
import KeyProcess
import Support

/// `twiliofs key-process`, which only a mount starts: reads and holds its private keys.
struct KeyProcessCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: KeyProgram.commandName, abstract: "Hold the private keys of a mount, which starts this process.",
        shouldDisplay: false)

    /// The descriptor of the socket on which the mount asks.
    @Option(help: .hidden)
    var socket: Int32

    /// The user whom it becomes once it has read all files.
    @Option(help: .hidden)
    var user: String?

    func run() throws {
        var type: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard socket > STDERR_FILENO, getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) == 0,
            type == Int32(SOCK_SEQPACKET.rawValue)
        else { throw Failure(.usage, "'\(KeyProgram.commandName)' is started by a mount alone") }
        NamedThread.nameCurrent(KeyProgram.processName)
        let user = try user.map { (name) throws(Failure) in try ServingUser(name) }
        let server = try KeyServer(socket: socket)
        // The first file that needs the passphrase reads it, from a pipe perhaps.
        var reader: PrivateKeys?
        try server.serve(processors: ProcessInfo.processInfo.activeProcessorCount) {
            (file, settings) throws(KeyFileFailure) in
            var keys = reader ?? Self.reader(settings, server)
            defer { reader = keys }
            keys.take(file, settings)
            do throws(Failure) {
                return try keys.localContents(
                    of: file.path, what: file.purpose == .signing ? "signing key" : "private key")
            } catch {
                throw KeyFileFailure(status: error.code.rawValue, message: error.message)
            }
        } whenRead: { () throws(SystemError) in
            // The passphrase goes with it.
            reader = nil
            guard let user else { return }
            // Root may lock all of its memory; what is mapped later counts for the user.
            var limit = rlimit(rlim_cur: .max, rlim_max: .max)
            setrlimit(__rlimit_resource_t(__RLIMIT_MEMLOCK.rawValue), &limit)
            do throws(Failure) {
                try user.begin()
                try user.finish()
            } catch {
                throw SystemError("the key process can't become the user '\(user.name)'")
            }
        }
    }

    private static func reader(_ settings: ReadingSettings, _ server: KeyServer) -> PrivateKeys {
        var secrets = SecretReader(isStrict: settings.isStrict, credentialsFolder: settings.credentialsFolder) {
            server.warn($0)
        }
        secrets.acceptsPipes = settings.isFirstTime
        secrets.asker = server.socketDescriptor
        return PrivateKeys(
            secrets: secrets, passphraseFile: settings.passphraseFile, mayAsk: settings.isFirstTime)
    }
}
