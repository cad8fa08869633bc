import Credentials
import Foundation
import Glibc
import Logging
import Support
import TestSupport
import Testing
import Transfer

@Suite("Reading files with credentials again", .orderly)
struct RereadingTests {
    private let folder: TemporaryFolder
    private let log = RecordedLog(.debug)

    init() throws {
        folder = try TemporaryFolder()
    }

    /// A reason why a file can't be used.
    private struct Unusable: Error, CustomStringConvertible {
        let description: String
    }

    private func token(_ path: String) throws -> FileValue<String> {
        try FileValue("the token in '\(path)'", in: [path]) { _, new in
            if new == "forbidden" { throw Unusable(description: "it can't take the former one's place") }
        } read: { () throws(Unusable) in
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                throw Unusable(description: "'\(path)' can't be read")
            }
            guard !text.isEmpty else { throw Unusable(description: "'\(path)' is empty") }
            return text
        }
    }

    /// Has everything read again, and waits until it has been.
    private func readAll(_ rereading: Rereading) throws {
        let done = Awaited<Bool>()
        rereading.readAll()
        rereading.readIfChanged([]) { done.add($0) }
        _ = try done.value()
    }

    @Test("A file's stamp changes when it is written to, replaced, or gone, and not when it is read")
    func stamps() throws {
        let path = try folder.file("token", "one")
        let first = try #require(FileStamp(of: path))
        _ = try String(contentsOfFile: path, encoding: .utf8)
        #expect(FileStamp(of: path) == first)
        // The kernel's clock for files ticks every few milliseconds.
        usleep(20_000)
        try Command.shell(#"touch -r "$1" "$1.time"; printf two >"$1"; touch -r "$1.time" "$1""#, path)
        let written = try #require(FileStamp(of: path))
        #expect(written != first, "of the same size and time")
        try folder.file("other", "one")
        #expect(rename(folder.path("other"), path) == 0)
        #expect(FileStamp(of: path) != written)
        unlink(path)
        #expect(FileStamp(of: path) == nil)
    }

    @Test("A link's stamp is that of the file to which it leads, as with the secrets of Kubernetes")
    func links() throws {
        try folder.file("one", "one")
        try folder.file("two", "two")
        let link = folder.path("link")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: folder.path("one"))
        let first = FileStamp(of: link)
        #expect(first != nil && first == FileStamp(of: folder.path("one")))
        unlink(link)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: folder.path("two"))
        #expect(FileStamp(of: link) != first)
    }

    @Test("Neither a pipe nor a descriptor can be read again")
    func pipes() throws {
        mkfifo(folder.path("pipe"), 0o600)
        let file = try folder.file("file", "text")
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        #expect(FileStamp.canBeReadAgain(file))
        let inMemory = "/dev/shm/\(UUID().uuidString)"
        defer { unlink(inMemory) }
        try Data("text".utf8).write(to: URL(filePath: inMemory))
        #expect(FileStamp.canBeReadAgain(inMemory), "a file in memory is a file")
        for path in [folder.path("pipe"), folder.path("absent"), folder.url.path, "/dev/fd/\(descriptor)"] {
            #expect(!FileStamp.canBeReadAgain(path), "\(path)")
        }
    }

    @Test("A value stays as it is until its file is read again, and then changes for good")
    func value() throws {
        let path = try folder.file("token", "one")
        let value = try token(path)
        let changes = Locked(0)
        value.whenChanged { changes.withLock { $0 += 1 } }
        #expect(try !value.readAgain(evenIfUnchanged: false))
        #expect(try !value.readAgain(evenIfUnchanged: true))
        try folder.file("token", "second")
        #expect(value.current == "one")
        #expect(try value.readAgain(evenIfUnchanged: false))
        #expect(value.current == "second")
        #expect(try !value.readAgain(evenIfUnchanged: true))
        #expect(changes.withLock { $0 } == 1)
    }

    @Test(
        "A value that is lost is read again although its file hasn't changed, and counts as changed although it is the same"
    )
    func lost() throws {
        let path = try folder.file("token", "one")
        let isLost = Locked(false)
        let value = FileValue(
            "the token", in: [path], first: "one", stamps: [FileStamp(of: path)],
            isLost: { _ in isLost.withLock { $0 } },
            read: {
                isLost.withLock { $0 = false }
                return "one"
            })
        #expect(try !value.readAgain(evenIfUnchanged: false))
        isLost.withLock { $0 = true }
        #expect(try value.readAgain(evenIfUnchanged: false))
        #expect(value.version == 1)
        #expect(try !value.readAgain(evenIfUnchanged: false))
    }

    @Test("A file that can't be used leaves the value, is told once, and counts again when it has changed")
    func unusable() throws {
        let path = try folder.file("token", "one")
        let value = try token(path)
        let rereading = try Rereading(logger: log.logger)
        defer { rereading.shutDown() }
        rereading.add(value)
        for (text, reason) in [("", "is empty"), ("forbidden", "former one's place")] {
            try folder.file("token", text)
            for _ in 0..<3 {
                let changed = Awaited<Bool>()
                rereading.readIfChanged([value]) { changed.add($0) }
                #expect(try !changed.value())
            }
            #expect(value.current == "one")
            #expect(
                log.lines.count { $0.hasPrefix("error: the token in '\(path)' stays as it was") && $0.contains(reason) }
                    == 1)
        }
        try readAll(rereading)
        #expect(log.lines.count { $0.contains("former one's place") } == 2, "a person who asks is told again")
        unlink(path)
        try readAll(rereading)
        #expect(log.lines.last?.contains("can't be read") == true)
        try folder.file("token", "two")
        try readAll(rereading)
        #expect(value.current == "two")
        #expect(log.lines.last == "notice: the token in '\(path)' was read again and has changed")
    }

    @Test("A person who asks is told in one line that nothing has changed, or that there is nothing to read")
    func unchanged() throws {
        let rereading = try Rereading(logger: log.logger)
        defer { rereading.shutDown() }
        try readAll(rereading)
        #expect(log.lines.count == 1 && log.lines.last?.contains("no file with credentials or keys") == true)
        // The files of the AWS tools are looked for in any case.
        let aws = try AWSCredentials(
            AWSSources(profile: nil, environment: { _ in nil }, home: folder.url.path) { path in
                try? String(contentsOfFile: path, encoding: .utf8)
            }, rereading: rereading)
        #expect(!aws.isThere)
        try readAll(rereading)
        #expect(log.lines.count == 2 && log.lines.last?.contains("no file with credentials or keys") == true)
        try folder.file(".aws/config", "[default]\nregion = eu-west-1\n")
        #expect(aws.isThere)
        rereading.add(try token(folder.file("one", "1")))
        rereading.add(try token(folder.file("two", "2")))
        try readAll(rereading)
        #expect(log.lines.count == 3 && log.lines.last?.contains("the same as before") == true)
    }

    @Test("Of many who ask while the thread is busy, all are answered by one reading")
    func manyAsk() throws {
        let rereading = try Rereading(logger: log.logger)
        defer { rereading.shutDown() }
        rereading.add(try token(folder.file("token", "one")))
        let isFree = Condition(false)
        rereading.readIfChanged([]) { _ in isFree.waitUntil { $0 } }
        for _ in 0..<1000 { rereading.readAll() }
        isFree.change { $0 = true }
        let done = Awaited<Bool>()
        rereading.readIfChanged([]) { done.add($0) }
        _ = try done.value()
        #expect(log.lines.count == 1)
        try readAll(rereading)
        #expect(log.lines.count == 2, "one who asks afterwards is answered by another reading")
    }

    private static let request = URL(string: "https://api.twilio.com/").map { OutgoingRequest(method: .get, url: $0) }

    /// The password that a provider would send, as a credential.
    private func sent(_ provider: any CredentialProvider) throws -> Authorization? {
        provider.authorization(for: try #require(Self.request))
    }

    private func renew(_ provider: any CredentialProvider, refused: Authorization?) throws -> Bool {
        let results = Awaited<Result<Bool, any Error>>()
        provider.renew(refused: refused, priority: .reader) { results.add($0) }
        return try results.value().get()
    }

    @Test("A refused credential is replaced by the file's, if that has changed, and asked for once more only then")
    func refusal() throws {
        let path = try folder.file("token", "one")
        let rereading = try Rereading(logger: log.logger)
        defer { rereading.shutDown() }
        let provider = FileCredentials(try token(path), rereading: rereading) {
            Credential(username: "AC", password: $0)
        }
        let first = try sent(provider)
        #expect(first == .basic(Credential(username: "AC", password: "one")))
        #expect([401, 403, 404, 500].filter { provider.isRefusal(status: $0, body: []) } == [401, 403])
        #expect(try !renew(provider, refused: first))
        try folder.file("token", "second")
        #expect(try sent(provider) == first, "nothing is read before a refusal")
        let waiters = (0..<5).map { _ in Awaited<Result<Bool, any Error>>() }
        for waiter in waiters { provider.renew(refused: first, priority: .background) { waiter.add($0) } }
        for waiter in waiters { #expect(try waiter.value().get()) }
        let second = try sent(provider)
        #expect(second == .basic(Credential(username: "AC", password: "second")))
        #expect(try renew(provider, refused: first), "a late refusal of the former one")
        #expect(try !renew(provider, refused: second))
        #expect(log.lines.count == 1, "it was read once: \(log.lines)")
        #expect(!log.lines.joined().contains("second"))
    }

    @Test("After the end, a refusal is answered at once")
    func shutDown() throws {
        let rereading = try Rereading(logger: log.logger)
        let provider = FileCredentials(try token(folder.file("token", "one")), rereading: rereading) {
            Credential(username: "AC", password: $0)
        }
        rereading.shutDown()
        try folder.file("token", "second")
        #expect(try !renew(provider, refused: sent(provider)))
    }
}
