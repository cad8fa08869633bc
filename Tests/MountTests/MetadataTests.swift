import Foundation
import TestSupport
import Testing

@Suite("Resources as files", .orderly, .needsFUSE)
struct MetadataTests {
    private let copyFolder: TemporaryFolder

    init() throws {
        copyFolder = try TemporaryFolder()
    }

    /// The names of a folder with the times that stat tells, in order.
    private static func times(_ path: String) throws -> [String: Int] {
        let lines = try Command.shell("stat -c '%n %Y' *.json", directory: path).lines
        return Dictionary(
            uniqueKeysWithValues: lines.map { line in
                let parts = line.split(separator: " ")
                return (String(parts[0]), parts.count == 2 ? Int(parts[1]) ?? -1 : -1)
            })
    }

    @Test("Their time is date_updated, and rsync copies exactly those that have changed at Twilio")
    func changes() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let file = try TestMedia.small.appending(path: "recordings/short.wav").path
        let begin = Int(Date().timeIntervalSince1970)
        for number in 0..<3 {
            let created = ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: Double(begin - 60 * number)))
            try account.change(
                resource: """
                    {"action": "add", "kind": "recording", "path": "\(file)", "fields":
                     {"sid": "RE\(number)\(String(repeating: "e", count: 31))", "date_created": "\(created)",
                      "price": "-0.00250", "date_updated": "\(created)"}}
                    """)
        }
        let changed = "RE1" + String(repeating: "e", count: 31)
        let mount = try MountedAccount(account, options: ["--refresh", "1"])
        let folder = try TemporaryFolder()
        let copy = ["rsync", "-a", "--itemize-changes", "\(mount.path)/metadata/", folder.url.path]
        // A directory's time is that of its newest file, which is known once the list is here.
        try Command.require(["ls", "-R", mount.path])
        try Command.require(copy)
        let second = try Command.require(copy).lines
        #expect(second == [])
        let before = try Self.times("\(mount.path)/metadata/recordings")
        #expect(before["\(changed).json"] == begin - 60)

        // As many bytes as before, so that the time alone tells.
        let updated = ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: Double(begin + 7)))
        try account.change(
            resource: """
                {"action": "update", "sid": "\(changed)",
                 "fields": {"price": "-0.00750", "date_updated": "\(updated)"}}
                """)
        #expect(
            try eventually(within: 30) {
                // Somebody uses the mount, or it would be refreshed more rarely.
                try Self.times("\(mount.path)/metadata/recordings")["\(changed).json"] == begin + 7
            })
        var expected = before
        expected["\(changed).json"] = begin + 7
        #expect(try Self.times("\(mount.path)/metadata/recordings") == expected)
        #expect(try Command.require(copy).lines == [">f..t...... recordings/\(changed).json"])
        let text = try String(contentsOfFile: folder.path("recordings/\(changed).json"), encoding: .utf8)
        #expect(text.contains("-0.00750"))
        #expect(try Command.require(copy).lines == [])
        // After a remount it is the same.
        try mount.unmount()
        let again = try MountedAccount(account)
        #expect(try Self.times("\(again.path)/metadata/recordings") == expected)
        try again.unmount()
    }

    @Test("They can be mapped")
    func mapped() throws {
        let bench = try MountBench()
        let sid = try bench.account.original("short.wav").sid
        try Python.run("map_resource", "\(bench.mount.path)/metadata/recordings/\(sid).json", sid)
    }

    @Test("One that shrinks while it is read is read to the end of what was opened")
    func shrunk() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let sid = try account.original("short.wav").sid
        func change(_ price: String, _ seconds: Double) throws {
            let updated = ISO8601DateFormatter().string(from: Date() + seconds)
            try account.change(
                resource: """
                    {"action": "update", "sid": "\(sid)", "fields": {"price": "\(price)", "date_updated": "\(updated)"}}
                    """)
        }
        try change(String(repeating: "9", count: 400), 1)
        let mount = try MountedAccount(account, options: ["--refresh", "1", "--kinds", "voice", "--no-probing"])
        let path = "\(mount.path)/metadata/recordings/\(sid).json"
        let original = try Data(contentsOf: URL(filePath: path))
        let file = try FileHandle(forReadingFrom: URL(filePath: path))
        let beginning = try file.read(upToCount: 10)
        try change("1", 2)
        let size = original.count
        try wait(until: "the resource is shorter") {
            try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? size < size
        }
        let rest = try file.readToEnd()
        #expect((beginning ?? Data()) + (rest ?? Data()) == original)
        try file.close()
        let renewed = try Data(contentsOf: URL(filePath: path))
        #expect(renewed.count < size)
    }

    @Test("A copy of one that grows and shrinks is always a whole one")
    func whole() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let sid = try account.original("short.wav").sid
        let mount = try MountedAccount(account, options: ["--refresh", "1", "--kinds", "voice", "--no-probing"])
        let copies = try RunningCommand(
            [
                "sh", "-c",
                #"""
                n=0
                while ! [ -e "$2/end" ]; do
                    n=$((n + 1))
                    ls -l "$1" >/dev/null
                    case $((n % 3)) in
                    0) cp "$1" "$2/copy" ;;
                    1) rsync "$1" "$2/copy" ;;
                    2) cat "$1" >"$2/copy" ;;
                    esac || continue
                    echo copied >>"$2/copies"
                    jq -e .sid "$2/copy" >/dev/null || echo "torn: $(cat "$2/copy")"
                done
                """#, "sh", "\(mount.path)/metadata/recordings/\(sid).json", copyFolder.url.path,
            ])
        /// Copies so far; the loop goes as fast as the machine has time for it.
        func copyCount() -> Int {
            let lines = try? String(contentsOfFile: copyFolder.path("copies"), encoding: .utf8)
            return lines?.split(separator: "\n").count ?? 0
        }
        for step in 1...6 {
            let price = String(repeating: "9", count: step % 2 == 0 ? 400 : 1)
            let updated = ISO8601DateFormatter().string(from: Date() + Double(step))
            try account.change(
                resource: """
                    {"action": "update", "sid": "\(sid)",
                     "fields": {"price": "\(price)", "date_updated": "\(updated)"}}
                    """)
            let path = "\(mount.path)/metadata/recordings/\(sid).json"
            #expect(
                eventually(within: 20) {
                    // Reading fails when it changes between opening and reading.
                    (try? String(contentsOfFile: path, encoding: .utf8))?.contains("\"\(price)\"") == true
                })
            let count = copyCount()
            try wait(until: "some copies are made before the next change") { copyCount() > count + 3 }
        }
        try copyFolder.file("end", "")
        #expect(try copies.wait(seconds: 20).text == "")
    }
}
