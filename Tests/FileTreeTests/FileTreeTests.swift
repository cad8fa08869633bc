import Catalog
import Envelope
import Foundation
import Media
import Support
import TestSupport
import Testing
import TwilioAPI
import TwilioSimulator

@testable import FileTree

@Suite("The tree of a mount", .orderly)
struct FileTreeTests {
    static let files: [String: [UInt8]] = [
        "recordings/a.wav": Array(repeating: 1, count: 1000), "recordings/b.wav": Array(repeating: 2, count: 17),
        "recordings/unencrypted/c.wav": Array(TestMedia.signed(Data(repeating: 3, count: 33), as: "wav")),
        "video-recordings/d.mka": Array(repeating: 4, count: 5000), "video-recordings/e.mkv": [],
        "compositions/f.mp4": Array(repeating: 5, count: 70_000), "compositions/g.webm": Array(repeating: 6, count: 16),
    ]

    private static func withTree(
        _ files: [String: [UInt8]] = files, keys: KeyRing? = nil, ownership: Ownership = TreeBench.ownership,
        _ body: (TreeBench) throws -> Void
    ) throws {
        let bench = try TreeBench(files: files, keys: keys, ownership: ownership)
        defer { bench.shutDown() }
        try body(bench)
    }

    private static func path(_ bench: TreeBench, _ file: String) throws -> String {
        let name = String(file.split(separator: "/").last ?? "")
        let folder = String(file.split(separator: "/").first ?? "")
        let suffix = String(name.split(separator: ".").last ?? "")
        return "\(folder)/\(try bench.sid(name)).\(suffix)"
    }

    @Test("Every file is found by its name, with its size, and has its bytes")
    func contents() throws {
        try Self.withTree { bench in
            for (file, content) in Self.files {
                let path = try Self.path(bench, file)
                let attributes = try bench.find(path)
                #expect(attributes.size == Int64(content.count))
                #expect(attributes.type == .regular)
                #expect(attributes.permissions == 0o600)
                #expect(attributes.user == 1000)
                #expect(attributes.group == 100)
                #expect(try bench.attributes(attributes.inode) == attributes)
                #expect(try bench.content(path) == content)
            }
        }
    }

    @Test("The metadata of a file is the resource as it was received")
    func metadata() throws {
        try Self.withTree { bench in
            let sid = try bench.sid("f.mp4")
            let path = "metadata/compositions/\(sid).json"
            let json = try bench.content(path)
            #expect(try bench.find(path).size == Int64(json.count))
            let identifier = try #require(SID(sid))
            let resource = try #require(try bench.catalog.resource(of: identifier))
            #expect(json == resource.json)
            let object = try JSONSerialization.jsonObject(with: Data(json)) as? [String: Any]
            #expect(object?["sid"] as? String == sid)
        }
    }

    private static let directories = [
        "": [
            ".", "..", "recordings", "video-recordings", "compositions", "metadata", "by-date", "by-call", "by-room",
            "by-conference", ".twiliofs",
        ],
        "metadata": [".", "..", "recordings", "video-recordings", "compositions"],
        ".twiliofs": [".", "..", "status.json", "metrics", "version"],
    ]

    @Test("Each limit gives the same list, with each entry once", arguments: 1...9)
    func limits(limit: Int) throws {
        try Self.withTree { bench in
            for path in ["", "metadata", ".twiliofs", "recordings", "metadata/recordings", "compositions"] {
                let inode = path.isEmpty ? .root : try bench.find(path).inode
                let whole = try bench.list(inode)
                let pieces = try bench.list(inode, limit: limit)
                #expect(pieces.map(\.name) == whole.map(\.name))
                #expect(pieces.map(\.cookie) == whole.map(\.cookie))
                #expect(Set(whole.map(\.name)).count == whole.count)
                #expect(zip(whole, whole.dropFirst()).allSatisfy { $0.cookie < $1.cookie })
                if let names = Self.directories[path] { #expect(whole.map(\.name) == names) }
                // Going on from any entry gives what follows it.
                let handle = try bench.openDirectory(inode)
                for (index, entry) in whole.enumerated() {
                    let rest = try bench.entries(of: handle, after: entry.cookie, limit: 100)
                    #expect(rest.map(\.name) == whole.dropFirst(index + 1).map(\.name))
                }
            }
        }
    }

    @Test("A listing has the files that a lookup finds, with the same numbers")
    func listingAgrees() throws {
        try Self.withTree { bench in
            for path in ["recordings", "video-recordings", "compositions", "metadata/compositions", "metadata", ""] {
                let inode = path.isEmpty ? .root : try bench.find(path).inode
                for entry in try bench.list(inode) where entry.name != "." && entry.name != ".." {
                    let found = try bench.lookUp(entry.name, in: inode).attributes
                    #expect(found.inode == entry.inode)
                    #expect(found.type == entry.type)
                    if let attributes = entry.attributes, found.validity > 0 { #expect(attributes == found) }
                }
                let dots = try bench.list(inode).prefix(2)
                #expect(dots.first?.inode == inode)
            }
            let inner = try bench.find("metadata/compositions").inode
            #expect(try bench.list(inner)[1].inode == bench.find("metadata").inode)
        }
    }

    @Test("Recordings that prefer one number are listed with one each, and have their own bytes")
    func collidingListing() throws {
        let sids = (1...4).map { "RE\(String(repeating: "0", count: 31))\($0)" }
        let files = Dictionary(
            uniqueKeysWithValues: sids.enumerated().map { index, sid in
                ("recordings/\(sid).wav", Array(repeating: UInt8(index + 1), count: 100 + index))
            })
        try Self.withTree(files) { bench in
            let directory = try bench.find("recordings").inode
            let entries = try bench.list(directory).filter { $0.type == .regular }
            let told = entries.map { bench.tree.refer(to: $0) }
            #expect(Set(told.map(\.inode)).count == files.count)
            for entry in told {
                #expect(entry.attributes?.inode == entry.inode)
                #expect(try bench.lookUp(entry.name, in: directory).attributes.inode == entry.inode)
                let content = files["recordings/\(entry.name)"]
                #expect(try bench.attributes(entry.inode).size == Int64(content?.count ?? 0))
                #expect(try bench.content("recordings/\(entry.name)") == content)
            }
        }
    }

    @Test("A name that is none of the account's isn't found, and costs no request unless it could be one")
    func unknownNames() throws {
        try Self.withTree { bench in
            let sid = try bench.sid("a.wav")
            let digits = sid.dropFirst(2)
            let directory = try bench.find("recordings").inode
            bench.simulator.clearRequests()
            let names = [
                "x", "", "\(sid)", "\(sid).", ".wav", "RE.wav", "\(sid.lowercased()).wav",
                "RE\(digits.uppercased()).wav",
                "RT\(digits).wav", "\(sid)x.wav", "\(sid)/.wav", ".git", "desktop.ini", "recordings", "\(sid).wav\0",
            ]
            for name in names {
                let error = #expect(throws: FileTreeError.self) { try bench.lookUp(name, in: directory) }
                #expect(error?.code == .notFound || name.uppercased() == name && digits.uppercased() == digits)
            }
            #expect(bench.simulator.requests.filter { $0.path.contains("RT") }.isEmpty)
            for name in ["\(sid).mp3", "\(sid).json", "\(sid).wav.part", "RE\(String(repeating: "0", count: 32)).wav"] {
                let error = #expect(throws: FileTreeError.self) { try bench.lookUp(name, in: directory) }
                #expect(error?.code == .notFound)
            }
            for name in ["recordings2", "\(sid).wav"] {
                let error = #expect(throws: FileTreeError.self) { try bench.lookUp(name) }
                #expect(error?.code == .notFound)
            }
        }
    }

    @Test("A file is no directory and a directory no file, and a forgotten number means nothing")
    func wrongTypes() throws {
        try Self.withTree { bench in
            let directory = try bench.find("recordings")
            let file = try bench.find(Self.path(bench, "recordings/a.wav"))
            let notDirectory = #expect(throws: FileTreeError.self) { try bench.lookUp("x", in: file.inode) }
            #expect(notDirectory?.code == .notDirectory)
            let notListed = #expect(throws: FileTreeError.self) { try bench.openDirectory(file.inode) }
            #expect(notListed?.code == .notDirectory)
            let isDirectory = #expect(throws: FileTreeError.self) { try bench.open(directory.inode) }
            #expect(isDirectory?.code == .isDirectory)
            bench.tree.forget(file.inode, count: 1)
            for error in [
                #expect(throws: FileTreeError.self) { try bench.attributes(file.inode) },
                #expect(throws: FileTreeError.self) { try bench.open(file.inode) },
                #expect(throws: FileTreeError.self) { _ = try bench.extendedAttributes(of: file.inode) },
            ] {
                #expect(error?.code == .stale)
            }
        }
    }

    @Test("A lookup counts as a reference, and so does an entry that was told with attributes")
    func references() throws {
        try Self.withTree { bench in
            let path = try Self.path(bench, "recordings/a.wav")
            let inode = try bench.find(path).inode
            _ = try bench.find(path)
            let directory = try bench.find("recordings").inode
            let entry = try #require(try bench.list(directory).first { $0.inode == inode })
            #expect(bench.tree.refer(to: entry) == entry)
            bench.tree.forget(inode, count: 2)
            #expect(try bench.attributes(inode).inode == inode)
            bench.tree.forget(inode, count: 1)
            #expect(throws: FileTreeError.self) { try bench.attributes(inode) }
            #expect(bench.nodes.inode(ofMedia: try #require(SID(bench.sid("a.wav")))) == inode)
        }
    }

    @Test("A resource that is read keeps the size and the time of what was opened, whatever becomes of it")
    func heldResource() throws {
        try Self.withTree { bench in
            let sid = try bench.sid("f.mp4")
            let inode = try bench.find("metadata/compositions/\(sid).json").inode
            let before = try bench.attributes(inode)
            let file = try bench.open(inode)
            let held = try bench.read(file, count: 1 << 20)
            #expect(Int64(held.count) == before.size)
            for length in [1, 500] {
                let json = """
                    {"sid":"\(sid)","status":"completed","format":"mp4","date_created":"2020-01-01T00:00:00Z",
                     "date_updated":"2020-01-0\(length == 1 ? 2 : 3)T00:00:00Z",
                     "x":"\(String(repeating: "x", count: length))"}
                    """
                try bench.catalog.store(try ListedResource(kind: .composition, json: Array(json.utf8)))
                #expect(try bench.attributes(inode).size == Int64(json.utf8.count))
                let attributes = try bench.attributes(inode, openedAs: file)
                #expect(attributes.size == before.size && attributes.modified == before.modified)
                #expect(attributes.inode == inode && attributes.validity == 0)
            }
        }
    }

    @Test("Each fixed entry has a place of its own in listings, whichever others there are")
    func fixedPlaces() {
        let directories: [Directory] = [.root, .metadata, .control]
        for directory in directories {
            var places: [String: Int64] = [:]
            for kinds in [[.voiceRecording], [.composition], [.videoRecording], MediaKind.allCases] {
                for hasCalls in [false, true] {
                    let entries = directory.fixedEntries(showing: Set(kinds), hasCalls: hasCalls)
                    let cookies = [FixedEntry.lastDotCookie] + entries.map(\.cookie) + [FixedEntry.lastCookie - 10]
                    #expect(zip(cookies, cookies.dropFirst()).allSatisfy { $0 < $1 }, "\(directory)")
                    for entry in entries {
                        #expect(places[entry.name] ?? entry.cookie == entry.cookie, "\(entry.name)")
                        places[entry.name] = entry.cookie
                    }
                }
            }
            #expect(Set(places.values).count == places.count)
        }
    }

    @Test("Modes follow from the mask", arguments: [0o077, 0o027, 0o022, 0o777] as [UInt32])
    func modes(mask: UInt32) throws {
        try Self.withTree(ownership: Ownership(user: 1000, group: 100, mask: mask)) { bench in
            let file = try bench.find(Self.path(bench, "recordings/a.wav"))
            let directory = try bench.find("recordings")
            #expect(file.permissions == 0o666 & ~mask && directory.permissions == 0o777 & ~mask)
        }
    }

    @Test("Extended attributes tell what is known of a file")
    func extendedAttributes() throws {
        try Self.withTree { bench in
            func values(_ file: String) throws -> [String: String] {
                let inode = try bench.find(Self.path(bench, file)).inode
                return Dictionary(
                    uniqueKeysWithValues: try bench.extendedAttributes(of: inode).map { ($0.name, $0.value) })
            }
            let voice = try values("recordings/a.wav")
            #expect(voice["user.twilio.sid"] == (try bench.sid("a.wav")))
            #expect(voice["user.twilio.encryption"] == "aes-256-gcm")
            #expect(voice["user.twilio.public_key_sid"] == bench.simulator.publicKeySID)
            #expect(voice["user.twilio.integrity"] == "unverified")
            #expect(voice["user.twilio.status"] == "completed")
            #expect(voice["user.twilio.call_sid"]?.hasPrefix("CA") == true)
            _ = try bench.content(Self.path(bench, "recordings/a.wav"))
            #expect(try values("recordings/a.wav")["user.twilio.integrity"] == "verified")
            #expect(try values("recordings/unencrypted/c.wav")["user.twilio.integrity"] == "none")
            let composition = try values("compositions/g.webm")
            #expect(composition["user.twilio.container_format"] == "webm")
            #expect(composition["user.twilio.integrity"] == "none")
            #expect(composition["user.twilio.room_sid"]?.hasPrefix("RM") == true)
            #expect(try bench.extendedAttributes(of: bench.find("recordings").inode).isEmpty)
            #expect(try bench.extendedAttributes(of: bench.find(".twiliofs/version").inode).isEmpty)
        }
    }

    @Test("Control files tell of the mount, in their true size")
    func control() throws {
        try Self.withTree { bench in
            #expect(try bench.content(".twiliofs/version") == [1, 1, 1, 1, 1])
            #expect(try bench.find(".twiliofs/version").size == 5)
            let handle = try bench.open(bench.find(".twiliofs/version").inode)
            #expect(handle.isVolatile)
            #expect(!handle.mayKeepPages)
        }
    }

    @Test("What was found out of the truth of bytes is told after a remount, and until the media changes")
    func integrityIsKept() throws {
        try Self.withTree { bench in
            let names = ["recordings/a.wav", "recordings/b.wav", "compositions/g.webm", "recordings/unencrypted/c.wav"]
            let paths = try names.map { try Self.path(bench, $0) }
            bench.simulator.faults = [FaultRule(.corrupt(offset: 3, mask: 4), path: "*\(try bench.sid("b.wav"))*")]
            for name in ["recordings", "video-recordings", "compositions"] {
                _ = try bench.list(bench.find(name).inode)
            }
            for path in paths {
                if path == paths[1] {
                    #expect(throws: MediaError.self) { try bench.content(path) }
                } else {
                    _ = try bench.content(path)
                }
            }
            func attributes(_ bench: TreeBench) throws -> [String?] {
                try paths.map { path in
                    try bench.extendedAttributes(of: bench.find(path).inode)
                        .first { $0.name == "user.twilio.integrity" }?.value
                }
            }
            let expected = ["verified", "failed", "none", "none"]
            #expect(try attributes(bench) == expected)
            let again = try TreeBench(again: bench)
            defer { again.shutDown() }
            #expect(eventually { (try? attributes(again)) == expected })
            #expect(again.library.integrity(of: try #require(SID(bench.sid("a.wav")))) == nil)
            func counts() throws -> [StoredIntegrity: Int64] {
                try again.catalog.integrityCounts().filter { $0.value > 0 }
            }
            #expect(try counts() == [.verified: 1, .failed: 1, .none: 5])
            try again.catalog.media.forgetFacts(of: try #require(SID(bench.sid("a.wav"))))
            #expect(try attributes(again)[0] == "unverified")
            #expect(try counts() == [.failed: 1, .unverified: 1, .none: 5])
        }
    }

    @Test("A report that outgrows its size is told to be larger, and is, and stays so")
    func growingReport() throws {
        try Self.withTree { bench in
            let path = ".twiliofs/status.json"
            #expect(try bench.find(path).size == 16 << 10)
            bench.texts.set(100_000)
            let first = try bench.content(path)
            let size = try bench.find(path).size
            #expect(size > 16 << 10 && first.count <= Int(size))
            #expect(try bench.content(path).count == Int(size))
            bench.texts.set(5)
            #expect(try bench.find(path).size == size)
            #expect(try bench.content(path).count == Int(size))
        }
    }

    @Test("Without the key a file has its size, and opening it says that the key is missing")
    func missingKey() throws {
        try Self.withTree(keys: KeyRing([])) { bench in
            for file in ["recordings/a.wav", "video-recordings/d.mka", "compositions/f.mp4"] {
                let attributes = try bench.find(Self.path(bench, file))
                #expect(attributes.size == Int64(Self.files[file]?.count ?? -1))
                let error = #expect(throws: FileTreeError.self) { try bench.open(attributes.inode) }
                #expect(error?.code == .media(.keyNotHeld))
            }
            let path = try Self.path(bench, "recordings/unencrypted/c.wav")
            #expect(try bench.content(path) == Self.files["recordings/unencrypted/c.wav"])
        }
    }

    @Test("A list that can't be completed is an error and no shorter directory")
    func incompleteList() throws {
        try Self.withTree { bench in
            bench.simulator.faults = [.init(.status(400), path: "/v1/Compositions", count: 1)]
            let inode = try bench.find("compositions").inode
            let error = #expect(throws: FileTreeError.self) { try bench.openDirectory(inode) }
            #expect(error?.code == .inputOutput)
            #expect(try bench.list(inode).count == 4)
        }
    }

    @Test("Totals are those of what is known")
    func totals() throws {
        try Self.withTree { bench in
            for name in ["recordings", "video-recordings", "compositions"] {
                _ = try bench.openDirectory(bench.find(name).inode)
            }
            let files = try bench.tree.totals().files
            let tallies = try bench.catalog.tallies()
            #expect(files == 7, "\(tallies)")
            #expect(try bench.tree.totals().bytes == 0)
        }
    }

    @Test("Directories are as old as the newest of their recordings, and never tell a time of their own")
    func directoryTimes() throws {
        try Self.withTree([:]) { bench in
            #expect(try bench.find("recordings").modified.seconds == 0)
            let sid = "RE" + String(repeating: "a", count: 32)
            try bench.simulator.add(
                .recording,
                fields: [
                    "sid": .string(sid), "status": "completed", "date_created": "2015-07-30T20:00:00Z",
                ])
            let inode = try bench.find("recordings").inode
            _ = try bench.openDirectory(inode)
            #expect(try bench.attributes(inode).modified == Timestamp("2015-07-30T20:00:00Z"))
            #expect(try bench.attributes(.root).modified == Timestamp("2015-07-30T20:00:00Z"))
            #expect(try bench.find("compositions").modified.seconds == 0)
        }
    }
}
