import Foundation
import TestSupport
import Testing
import TwilioAPI

@testable import Media
@testable import Transfer

@Suite("What can be media", .orderly)
struct MediaAnswerCheckTests {
    private func head(_ fields: [(String, String)], status: Int = 200) throws -> ResponseHead {
        let url = try #require(URL(string: "https://media.example/a"))
        return ResponseHead(status: status, headers: HeaderFields(fields), address: Address(url: url))
    }

    @Test(
        "A page of text is never media, whatever its status",
        arguments: [
            "text/html", "TEXT/HTML; charset=utf-8", "text/plain", "text/csv", "application/json",
            "application/json;charset=utf-8", "application/xml", "text/xml", "application/xhtml+xml", "image/svg+xml",
            "application/problem+json", "application/vnd.x+json ; a=b", "text/javascript",
            "multipart/byteranges; boundary=x",
            " text/html ",
        ])
    func pages(type: String) throws {
        for status in [200, 206] {
            #expect(MediaAnswerCheck.refusal(of: try head([("content-type", type)], status: status)) != nil)
        }
    }

    @Test(
        "Media is, and so is what doesn't say",
        arguments: [
            "audio/x-wav", "audio/wav", "video/mp4", "video/webm", "video/x-matroska", "application/octet-stream",
            "binary/octet-stream", "application/ogg", "",
        ])
    func media(type: String) throws {
        #expect(MediaAnswerCheck.refusal(of: try head([("Content-Type", type)])) == nil)
        #expect(MediaAnswerCheck.refusal(of: try head([])) == nil)
    }

    @Test("An answer without content is not media")
    func noContent() throws {
        #expect(MediaAnswerCheck.refusal(of: try head([], status: 204)) != nil)
    }

    @Test("Files that ffmpeg makes have the signature of their kind, and of no other; ciphertext has none")
    func signatures() throws {
        let folder = try TestMedia.real
        let names = [
            "recordings/mono.wav", "video-recordings/audio.mka", "video-recordings/video.mkv",
            "compositions/room.mp4", "compositions/room.webm",
        ]
        for name in names {
            let file = try FileHandle(forReadingFrom: folder.appending(path: name))
            let bytes = Array(try #require(try file.read(upToCount: 32)))
            for kind in MediaKind.allCases {
                let isRight = (kind == .voiceRecording) == name.hasSuffix("wav")
                #expect((MediaAnswerCheck.refusal(ofPlaintext: bytes, kind: kind) == nil) == isRight, "\(name) \(kind)")
            }
            let size = Int64(try file.seekToEnd())
            #expect(MediaAnswerCheck.completeness(ofWave: bytes, size: size) == .whole, "\(name)")
        }
        let others = [
            "", "<", "<!DOCTYPE html><html>", #"{"code":20404,"message":""#, "<?xml version=\"1.0\"?>", "RIFF",
        ]
        for text in others {
            for kind in MediaKind.allCases {
                #expect(MediaAnswerCheck.refusal(ofPlaintext: text.utf8, kind: kind) != nil)
            }
        }
        for seed in 0..<100 as Range<UInt64> {
            #expect(MediaAnswerCheck.refusal(ofPlaintext: TestMedia.noise(32, seed: seed), kind: .composition) != nil)
        }
    }

    @Test("A WAVE file that is shorter than its header says is one that is being written")
    func cutWave() throws {
        let path = try TestMedia.real.appending(path: "recordings/mono.wav")
        let bytes = Array(try Data(contentsOf: path).prefix(32))
        let size = Int64(try #require(try FileManager.default.attributesOfItem(atPath: path.path)[.size] as? Int))
        let cases: [(Int64, MediaFacts.Completeness)] = [
            (size / 2, .cut), (size - 65, .cut), (size - 64, .uncertain), (size - 1, .uncertain), (size, .whole),
            (size + 1, .uncertain), (size + 1000, .uncertain),
        ]
        for (size, expected) in cases {
            #expect(MediaAnswerCheck.completeness(ofWave: bytes, size: size) == expected, "\(size)")
        }
        for stream in [0, 0x7FFF_FFFF, 0xFFFF_FFFF] as [UInt32] {
            let bytes = Array("RIFF".utf8) + withUnsafeBytes(of: stream.littleEndian, Array.init)
            #expect(MediaAnswerCheck.completeness(ofWave: bytes, size: 100) == .whole)
        }
        #expect(MediaAnswerCheck.completeness(ofWave: [], size: 0) == .whole)
        // The length is in the first eight bytes; fewer tell none.
        let beginning = Array("RIFF".utf8) + [0, 16, 0, 0]
        #expect(MediaAnswerCheck.completeness(ofWave: beginning, size: 8) == .cut)
        #expect(MediaAnswerCheck.completeness(ofWave: Array(beginning.dropLast()), size: 7) == .whole)
    }

    @Test("Media is cut when it is shorter than its resource says, which video's alone does")
    func toldSize() throws {
        func resource(_ kind: MediaKind, _ told: String) throws -> MediaResource {
            let sid = kind.sidPrefix + String(repeating: "a", count: 32)
            return try MediaResource(kind: kind, json: Array(#"{"sid":"\#(sid)","size":\#(told)}"#.utf8))
        }
        for kind in MediaKind.allCases {
            let told = try resource(kind, "1000")
            for (size, isShorter) in [(0, true), (999, true), (1000, false), (1001, false)] as [(Int64, Bool)] {
                #expect(MediaAnswerCheck.isCut(size: size, of: told) == (kind != .voiceRecording && isShorter))
            }
            for nothing in ["null", "-1", "{}", #""a""#, "1125899906842625"] {
                #expect(!MediaAnswerCheck.isCut(size: 0, of: try resource(kind, nothing)), "\(nothing)")
            }
        }
    }
}
