import Foundation
import Logging
import Media
import ModuleTestSupport
import Support
import TestSupport
import Testing
import Transfer
import TwilioAPI
import TwilioSimulator

@testable import FileTree
@testable import MountRuntime

/// A simulated account and the parts of its mount, of which the kernel doesn't know.
final class UnmountedAccount {
    let simulator: TwilioSimulator
    let mount: AccountMount
    private let folder: TemporaryFolder

    /// - Parameter generated: how many voice recordings there are besides the files.
    init(files: [String: [UInt8]] = [:], generated: Int = 0) throws {
        let folder = try TemporaryFolder()
        self.folder = folder
        try folder.folder("media/recordings")
        for (name, content) in files { try folder.file("media/\(name)", content) }
        var configuration = try SimulatorConfiguration(
            mediaFolder: folder.path("media"), publicKeys: [.init(pem: KeyPair.shared.publicPEM)])
        configuration.generatedRecordings = generated
        simulator = try TwilioSimulator.start(configuration)
        let credentials = simulator.credentials
        let settings = MountSettings(
            version: "1.2.3", account: try #require(SID(credentials.accountSID)),
            credentials: FixedCredential(Credential(username: credentials.accountSID, password: credentials.authToken)),
            endpoints: try Endpoints(api: simulator.apiURL, video: simulator.apiURL),
            transfer: TransferClient.Configuration(),
            keys: try KeyPair.shared.ring(),
            media: MediaLibrary.Configuration(spoolFolder: folder.url.path, threadCount: 1),
            ownership: Ownership(user: 1000, group: 100), mountPoint: "/nowhere", threadCount: 1)
        mount = try AccountMount(settings, logger: .silent) { _ in folder.path("catalog") }
    }

    /// To be called at the end of a test: threads hold the parts until then.
    func shutDown() {
        mount.stop()
        simulator.stop()
    }

    var main: Branch { mount.parts.branches[0] }

    private var tree: FileTree { mount.parts.tree }

    // MARK: What the kernel asks, and waits for

    private func answer<Answer: Sendable>(_ ask: (@escaping TreeCompletion<Answer>) throws -> Void) throws -> Answer {
        let results = Awaited<Result<Answer, FileTreeError>>()
        try ask { results.add($0) }
        return try results.value().get()
    }

    func find(_ path: String) throws -> Attributes {
        var inode = InodeNumber.root
        for name in path.split(separator: "/") {
            inode = try answer { tree.lookUp(String(name), in: inode, completion: $0) }.attributes.inode
        }
        return try answer { tree.attributes(of: inode, completion: $0) }
    }

    /// Waits until the recordings in a directory are known.
    func list(_ path: String) throws {
        _ = try answer { tree.openDirectory(try find(path).inode, completion: $0) }
    }

    func open(_ path: String) throws -> OpenFile {
        try answer { tree.open(try find(path).inode, completion: $0) }
    }

    /// Reads an open file, which is closed no sooner than that.
    func read(_ file: OpenFile) throws -> [UInt8] {
        try withExtendedLifetime(file) {
            switch file.content {
            case .bytes(let bytes): return bytes
            case .media(let reader):
                return try reader.read(at: 0, count: 1 << 20)
            }
        }
    }

    func content(_ path: String) throws -> [UInt8] { try read(open(path)) }
}
