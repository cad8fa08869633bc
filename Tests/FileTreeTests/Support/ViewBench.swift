import Catalog
import TestSupport
import Testing
import TwilioAPI
import TwilioSimulator

@testable import FileTree

/// A recording that the account holds, in words of its own: dates are texts here.
struct ModelRecording: Hashable {
    let sid: String
    let directory: String
    let suffix: String

    /// `YYYY-MM-DDThh:mm:ssZ`.
    let created: String
    let group: String?

    /// The path of its file.
    var path: String { "\(directory)/\(sid).\(suffix)" }

    /// The paths of its links, and where they lead.
    var links: [String: String] {
        var links = [
            "by-date/\(created.prefix(10).replacing("-", with: "/"))/\(sid).\(suffix)": "../../../../\(path)"
        ]
        if let group {
            links["\(group.hasPrefix("CA") ? "by-call" : "by-room")/\(group)/\(sid).\(suffix)"] = "../../\(path)"
        }
        return links
    }
}

extension TreeBench {
    /// Adds a recording without media to the account, whose SID begins with some digits.
    @discardableResult
    func add(_ kind: TwilioAPI.MediaKind, _ digits: String, created: String, group: String?) throws -> ModelRecording {
        let digits = digits + String(repeating: "0", count: 32 - digits.count)
        let letters: [TwilioAPI.MediaKind: (prefix: String, directory: String, suffix: String)] = [
            .voiceRecording: ("RE", "recordings", "wav"), .videoRecording: ("RT", "video-recordings", "mka"),
            .composition: ("CJ", "compositions", "mp4"),
        ]
        let (prefix, directory, suffix) = try #require(letters[kind])
        var fields: [String: JSONValue] = [
            "sid": .string(prefix + digits), "status": "completed", "date_created": .string(created),
        ]
        let value: JSONValue = group.map { .string($0) } ?? .null
        switch kind {
        case .voiceRecording: fields["call_sid"] = value
        case .videoRecording: fields["grouping_sids"] = ["room_sid": value]
        case .composition: fields["room_sid"] = value
        }
        try simulator.add(
            kind == .voiceRecording ? .recording : kind == .videoRecording ? .videoRecording : .composition,
            fields: fields)
        return ModelRecording(
            sid: prefix + digits, directory: directory, suffix: suffix, created: created, group: group)
    }

    /// Adds recordings of every kind, some on the same day, second, call and room.
    func addMany(_ count: Int, seed: UInt64) throws -> [ModelRecording] {
        var generator = SeededGenerator(seed: seed)
        return try (0..<count).map { number in
            let kind = try #require(TwilioAPI.MediaKind.allCases.randomElement(using: &generator))
            let day = try #require(
                ["2019-12-31", "2020-01-01", "2020-02-29", "2024-02-28", "2024-03-01"].randomElement(
                    using: &generator))
            let time = try #require(["00:00:00", "12:34:56", "23:59:59"].randomElement(using: &generator))
            let group = Int.random(in: 0...6, using: &generator)
            let digits = String(repeating: "\(group)", count: 32)
            return try add(
                kind, String(generator.next() | 1 << 63, radix: 16), created: "\(day)T\(time)Z",
                group: group == 0 ? nil : "\(kind == .voiceRecording ? "CA" : "RM")\(digits)")
        }
    }

    /// The names in a directory without the dots.
    func names(_ path: String, limit: Int = 1000) throws -> [String] {
        try list(path.isEmpty ? .root : find(path).inode, limit: limit).map(\.name).filter { $0 != "." && $0 != ".." }
    }

    /// All links below a directory, with their targets.
    func links(_ path: String) throws -> [String: String] {
        var found: [String: String] = [:]
        for entry in try list(find(path).inode) where entry.name != "." && entry.name != ".." {
            let inner = "\(path)/\(entry.name)"
            switch entry.type {
            case .directory: found.merge(try links(inner)) { _, _ in "twice" }
            case .link: found[inner] = try target(of: find(inner).inode)
            case .regular: found[inner] = "a file"
            }
        }
        return found
    }

    /// Expects that a list in pieces is the same as the whole, with each entry once and from wherever it continues.
    ///
    /// - Returns: the whole list, with the dots.
    func expectSameList(of path: String, limit: Int) throws -> [DirectoryEntry] {
        let inode = try find(path).inode
        let whole = try list(inode)
        let pieces = try list(inode, limit: limit)
        #expect(whole.count > 2 && whole[0].inode == inode, "\(path)")
        #expect(pieces.map(\.name) == whole.map(\.name) && pieces.map(\.cookie) == whole.map(\.cookie))
        #expect(Set(whole.map(\.name)).count == whole.count)
        #expect(zip(whole, whole.dropFirst()).allSatisfy { $0.cookie < $1.cookie })
        let handle = try openDirectory(inode)
        for (index, entry) in whole.enumerated() {
            let rest = try entries(of: handle, after: entry.cookie, limit: 100)
            #expect(rest.map(\.name) == whole.dropFirst(index + 1).map(\.name))
            guard index >= 2 else { continue }
            let found = try lookUp(entry.name, in: inode).attributes
            #expect(found.inode == entry.inode && found.type == entry.type)
            if let attributes = entry.attributes { #expect(attributes == found) }
        }
        return whole
    }
}
