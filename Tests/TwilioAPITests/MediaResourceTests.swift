import Foundation
import Support
import TestSupport
import Testing

@testable import TwilioAPI

@Suite("Resources", .orderly)
struct MediaResourceTests {
    static let digits = "00112233445566778899aabbccddeeff"

    static let voice: [String: any Sendable] = [
        "sid": "RE\(digits)", "status": "completed", "date_created": "Fri, 14 Oct 2016 21:56:34 +0000",
        "start_time": "Fri, 14 Oct 2016 21:56:30 +0000", "call_sid": "CA\(digits)", "duration": "17", "channels": 2,
        "media_url": "https://api.twilio.com/x",
        "encryption_details": ["type": "rsa-aes", "public_key_sid": "CR1", "encrypted_cek": "a2V5", "iv": "aXY="],
    ]
    static let video: [String: any Sendable] = [
        "sid": "RT\(digits)", "status": "completed", "date_created": "2015-07-30T20:00:00Z", "type": "video",
        "grouping_sids": ["room_sid": "RM\(digits)"], "source_sid": "MT\(digits)", "duration": 21, "codec": "VP8",
        "container_format": "mkv", "media_external_location": "https://bucket.example/x",
        "encryption_key": "CR\(digits)",
    ]
    static let composition: [String: any Sendable] = [
        "sid": "CJ\(digits)", "status": "completed", "date_created": "2015-07-30T20:00:00Z",
        "room_sid": "RM\(digits)", "duration": 21, "format": "webm", "media_external_location": NSNull(),
        "encryption_key": "CR\(digits)",
    ]

    private static func resource(
        _ kind: MediaKind, _ changes: [String: any Sendable] = [:], removing name: String? = nil
    ) throws -> MediaResource {
        var fields =
            switch kind {
            case .voiceRecording: voice
            case .videoRecording: video
            case .composition: composition
            }
        fields.merge(changes) { $1 }
        if let name { fields[name] = nil }
        return try MediaResource(kind: kind, json: Array(try JSONSerialization.data(withJSONObject: fields)))
    }

    @Test("Every field of a voice recording is read")
    func voiceRecording() throws {
        let resource = try Self.resource(.voiceRecording)
        #expect(resource.sid.description == "RE\(Self.digits)")
        #expect(resource.status == .completed)
        #expect(resource.dateCreated == Timestamp("2016-10-14T21:56:34Z"))
        #expect(resource.callSID == "CA\(Self.digits)")
        #expect(resource.duration == 17)
        #expect(resource.channels == 2)
        #expect(resource.containerFormat == "wav")
        #expect(resource.publicKeySID == "CR1")
        #expect(resource.mediaLocation == "https://api.twilio.com/x")
    }

    @Test("Every field of a video recording is read")
    func videoRecording() throws {
        let resource = try Self.resource(.videoRecording)
        #expect(resource.roomSID == "RM\(Self.digits)")
        #expect(resource.sourceSID == "MT\(Self.digits)")
        #expect(resource.duration == 21)
        #expect(resource.codec == "VP8")
        #expect(resource.containerFormat == "mkv")
        #expect(resource.publicKeySID == "CR\(Self.digits)")
        #expect(resource.mediaLocation == "https://bucket.example/x")
        #expect(resource.encryptionDetails == nil)
    }

    /// What a resource tells, by name, to see that one null changes one thing.
    private static func told(_ resource: MediaResource) -> [String: String] {
        [
            "sid": resource.sid.description, "status": resource.status.rawValue,
            "created": resource.dateCreated.map { "\($0.seconds)" }, "call": resource.callSID,
            "room": resource.roomSID, "source": resource.sourceSID, "duration": resource.duration.map { "\($0)" },
            "channels": resource.channels.map { "\($0)" }, "codec": resource.codec,
            "format": resource.containerFormat, "details": resource.encryptionDetails.map { "\($0)" },
            "key": resource.publicKeySID, "location": resource.mediaLocation,
        ].compactMapValues { $0 }
    }

    @Test(
        "A field that is null, missing or of another type leaves the others as they are",
        arguments: MediaKind.allCases, ["null", "missing", "array", "empty"])
    func oneFieldLess(kind: MediaKind, way: String) throws {
        let whole = Self.told(try Self.resource(kind))
        let names = (kind == .voiceRecording ? Self.voice : kind == .videoRecording ? Self.video : Self.composition)
            .keys
        for name in names where name != "sid" {
            let resource =
                switch way {
                case "null": try Self.resource(kind, [name: NSNull()])
                case "array": try Self.resource(kind, [name: ["x"]])
                case "empty": try Self.resource(kind, [name: ""])
                default: try Self.resource(kind, removing: name)
                }
            let told = Self.told(resource)
            let changed = Set(whole.keys.filter { whole[$0] != told[$0] })
            let expected: Set<String> =
                switch name {
                case "status", "start_time", "type": []
                case "date_created": ["created"]
                case "call_sid": ["call"]
                case "encryption_details": ["details", "key"]
                case "encryption_key": ["key"]
                case "grouping_sids", "room_sid": ["room"]
                case "source_sid": ["source"]
                case "media_url": ["location"]
                case "media_external_location": kind == .composition ? [] : ["location"]
                case "container_format": []
                case "format": ["format"]
                default: [name]
                }
            #expect(changed == expected, "\(name)")
            #expect(Set(told.keys).isSubset(of: whole.keys))
        }
    }

    @Test("Without a date of creation the start counts")
    func startTime() throws {
        let resource = try Self.resource(.voiceRecording, ["date_created": NSNull()])
        #expect(resource.dateCreated == Timestamp("2016-10-14T21:56:30Z"))
    }

    @Test("A status that nobody has heard of is kept", arguments: ["archived", "COMPLETED", "in-progress", "absent"])
    func unknownStatus(word: String) throws {
        let resource = try Self.resource(.voiceRecording, ["status": word])
        #expect(resource.status.rawValue == word)
        #expect(resource.status != .completed)
    }

    @Test(
        "No odd container format gets into a file name",
        arguments: [
            "../../etc/passwd", "mp4/..", "exe", "MKV", "Mka", "mp4 ", ".mkv", "webm\0", "WEBM", "", "mkv\n", "wav",
        ])
    func oddFormats(word: String) throws {
        let known: [MediaKind: Set<String>] = [
            .voiceRecording: ["wav"], .videoRecording: ["mka", "mkv"], .composition: ["mp4", "webm"],
        ]
        for kind in MediaKind.allCases {
            let resource = try Self.resource(kind, ["container_format": word, "format": word])
            #expect(known[kind]?.contains(resource.containerFormat) == true)
            if known[kind]?.contains(word.lowercased()) == true {
                #expect(resource.containerFormat == word.lowercased())
            }
        }
    }

    @Test(
        "A track without a container format has the one of its type", arguments: [("audio", "mka"), ("video", "mkv")])
    func formatOfType(type: String, format: String) throws {
        let resource = try Self.resource(.videoRecording, ["type": type, "container_format": NSNull()])
        #expect(resource.containerFormat == format)
    }

    @Test("A number may be a string and a string a number")
    func lenientTypes() throws {
        let resource = try Self.resource(.voiceRecording, ["duration": 17, "channels": "2", "call_sid": 5])
        #expect(resource.duration == 17)
        #expect(resource.channels == 2)
        #expect(resource.callSID == "5")
    }

    @Test("A resource of another kind is refused", arguments: MediaKind.allCases, MediaKind.allCases)
    func otherKind(kind: MediaKind, other: MediaKind) throws {
        let json = try Self.resource(other).json
        if kind == other {
            #expect(try MediaResource(kind: kind, json: json).json == json)
        } else {
            let error = #expect(throws: TwilioError.self) { try MediaResource(kind: kind, json: json) }
            #expect(error?.code == .malformedAnswer)
        }
    }

    @Test(
        "What has no SID is refused",
        arguments: [
            "", "null", "[]", "{}", "{\"sid\":null}", "{\"sid\":\"\"}", "{\"sid\":5}", "{\"sid\":\"RE12\"}", "{",
        ])
    func noSID(json: String) {
        let error = #expect(throws: TwilioError.self) {
            try MediaResource(kind: .voiceRecording, json: Array(json.utf8))
        }
        #expect(error?.code == .malformedAnswer)
    }
}
