package import Catalog
import Foundation
import Testing
package import TwilioAPI

/// What catalogs are filled with.
package enum Sample {
    package static func sid(_ number: Int, _ kind: MediaKind = .voiceRecording) throws -> SID {
        let digits = String(number, radix: 16)
        return try #require(SID(kind.sidPrefix + String(repeating: "0", count: 32 - digits.count) + digits))
    }

    package static func resource(
        _ number: Int, _ kind: MediaKind = .voiceRecording, status: String = "completed",
        created: String = "2015-07-30T20:00:00Z"
    ) throws -> ListedResource {
        let json = #"{"sid":"\#(try sid(number, kind))","status":"\#(status)","date_created":"\#(created)"}"#
        return try ListedResource(kind: kind, json: Array(json.utf8))
    }

    /// A resource that was made so many seconds after 1970 and belongs to a call or room.
    package static func resource(
        _ number: Int, _ kind: MediaKind = .voiceRecording, status: String = "completed", seconds: Int64,
        group: Int? = nil
    ) throws -> ListedResource {
        try resource(number, kind, status: status, seconds: seconds, of: try group.map { try self.group($0, kind) })
    }

    /// A resource that was made so many seconds after 1970 and belongs to a call or room.
    package static func resource(
        _ number: Int, _ kind: MediaKind = .voiceRecording, status: String = "completed", seconds: Int64,
        of group: SID?
    ) throws -> ListedResource {
        let field = kind == .voiceRecording ? "call_sid" : "room_sid"
        let group = group.map { "\"\($0)\"" } ?? "null"
        let json = """
            {"sid":"\(try sid(number, kind))","status":"\(status)","\(field)":\(group),\
            "date_created":"\(Timestamp(seconds: seconds))"}
            """
        return try ListedResource(kind: kind, json: Array(json.utf8))
    }

    /// The SID of a call or room.
    package static func group(_ number: Int, _ kind: MediaKind = .voiceRecording) throws -> SID {
        let digits = String(number, radix: 16)
        return try #require(
            SID((kind == .voiceRecording ? "CA" : "RM") + String(repeating: "0", count: 32 - digits.count) + digits))
    }

    /// The SID of a call, a room or a conference with some digits; those of Twilio's begin with any.
    package static func group(_ letters: SID.Letters, beginning high: UInt64, _ low: UInt64 = 0) -> SID {
        SID(letters, high: high, low: low)
    }

    /// A voice recording of a call and of a conference.
    package static func conferenceRecording(
        _ number: Int, status: String = "completed", seconds: Int64, call: Int, conference: Int?
    ) throws -> ListedResource {
        try conferenceRecording(
            number, status: status, seconds: seconds, call: call, of: try conference.map { try self.conference($0) })
    }

    /// A voice recording of a call and of a conference.
    package static func conferenceRecording(
        _ number: Int, status: String = "completed", seconds: Int64, call: Int, of conference: SID?
    ) throws -> ListedResource {
        let conference = conference.map { "\"\($0)\"" } ?? "null"
        let json = """
            {"sid":"\(try sid(number))","status":"\(status)","call_sid":"\(try group(call))",\
            "conference_sid":\(conference),"date_created":"\(Timestamp(seconds: seconds))"}
            """
        return try ListedResource(kind: .voiceRecording, json: Array(json.utf8))
    }

    /// The SID of a conference.
    package static func conference(_ number: Int) throws -> SID {
        let digits = String(number, radix: 16)
        return try #require(SID("CF" + String(repeating: "0", count: 32 - digits.count) + digits))
    }

    /// Parties of calls: numbers in international form, and all others.
    package static let parties = [
        "+493012345", "+498976543", "anonymous", "", "client:alice", "sip:a@example.com", "+266696687",
    ]

    /// A call that began so many seconds after 1970.
    package static func call(
        _ number: Int, from: String = "+493012345", to: String = "+498976543", seconds: Int64
    ) throws -> CallDescription {
        CallDescription(
            sid: try group(number), from: CallParty(from), to: CallParty(to), direction: "inbound",
            startTime: Timestamp(seconds: seconds))
    }

    /// A voice recording that is sealed with a tag, as its resource says.
    package static func sealed(_ number: Int) throws -> ListedResource {
        let json = """
            {"sid":"\(try sid(number))","status":"completed","encryption_details":{"type":"rsa-aes",\
            "public_key_sid":"CR00000000000000000000000000000000","encrypted_cek":"AA==","iv":"AA=="}}
            """
        return try ListedResource(kind: .voiceRecording, json: Array(json.utf8))
    }
}

extension Catalog {
    /// Stores resources as those of a page are.
    package func store(_ resources: [ListedResource], covering covered: [Range<Int64>] = []) throws {
        guard let kind = resources.first?.kind else { return }
        try lists.store([prepare(resources)], covering: covered, of: kind, now: 0, epoch: epoch)
    }

    /// Stores calls as those of a page are.
    package func store(
        _ found: [CallDescription], covering covered: [Range<Int64>] = [], keepingAllSince recent: Int64 = 0
    ) throws {
        try calls.store(found, covering: covered, keepingAllSince: recent, epoch: epoch)
    }

    /// The SIDs of a listing, had in pieces.
    package func listed(_ kind: MediaKind = .voiceRecording, limit: Int = 1000) throws -> [SID] {
        var found: [SID] = []
        var position: Int64 = 0
        while true {
            let entries = try entries(of: kind, after: position, limit: limit)
            guard let last = entries.last else { return found }
            found += entries.map(\.sid)
            position = last.position
        }
    }
}

extension StoredMedia {
    package func learn(_ facts: StoredMediaFacts, of sid: SID, isAuthenticated: Bool = false) throws {
        try learn([MediaLesson(sid, facts, isAuthenticated: isAuthenticated)])
    }
}

extension StoredMediaFacts {
    /// Facts of a size that is known to be possible.
    package static func sample(plaintextSize: Int64, entityTag: String? = nil, facts: [UInt8]) -> StoredMediaFacts {
        StoredMediaFacts(plaintextSize: plaintextSize, entityTag: entityTag, facts: facts)!
    }
}
