import Foundation
import Testing
import TestSupport

@testable import Catalog

@Suite("Packing documents", .orderly)
struct DocumentCoderTests {
    @Test("What is packed comes out byte for byte", arguments: [0, 1, 10, 1900, 100_000])
    func roundTrip(size: Int) throws {
        let coder = try DocumentCoder()
        let noise = Array(TestMedia.noise(size, seed: 7))
        for document in [
            noise, Array(repeating: UInt8(ascii: "x"), count: size), Array(Data(noise).base64EncodedData()),
        ] {
            let packed = coder.encode(document)
            #expect(packed.withUnsafeBytes { coder.decode($0) } == document)
        }
    }

    @Test("Several are packed one after the other")
    func several() throws {
        let coder = try DocumentCoder()
        let documents = (0..<20).map { Array(TestMedia.noise($0 * 50, seed: UInt64($0))) }
        var buffer: [UInt8] = [1, 2, 3]
        let ranges = coder.encode(documents.map { $0[...] }, to: &buffer)
        #expect(ranges.first?.lowerBound == 3)
        #expect(ranges.last?.upperBound == buffer.count)
        for (document, range) in zip(documents, ranges) {
            #expect(Array(buffer[range]).withUnsafeBytes { coder.decode($0) } == document)
        }
    }

    @Test("An error code of zstd is no size")
    func errors() {
        // As C makes them: the numbers from ZSTD_error_GENERIC on, subtracted from 0 without a sign.
        for code in [1, 10, 20, 64, 70] as [UInt] { #expect(DocumentCoder.size(Int(bitPattern: 0 &- code)) == nil) }
        for size in [0, 1, 1900, 64 << 20] { #expect(DocumentCoder.size(size) == size) }
    }

    @Test("A changed byte is found, and nothing crashes")
    func damaged() throws {
        let coder = try DocumentCoder()
        let document = Array(#"{"sid":"RE00000000000000000000000000000001","status":"completed","price":null}"#.utf8)
        let packed = coder.encode(document)
        for index in packed.indices {
            var damaged = packed
            damaged[index] ^= 0x10
            // A bit of the frame's header without a meaning may change.
            let decoded = damaged.withUnsafeBytes { coder.decode($0) }
            #expect(decoded == nil || decoded == document && index < 6, "byte \(index)")
            #expect(Array(packed.prefix(index)).withUnsafeBytes { coder.decode($0) } == nil, "cut at \(index)")
        }
    }

    @Test("A resource of an encrypted voice recording takes little more than its key's random bytes")
    func size() throws {
        let coder = try DocumentCoder()
        let key = TestMedia.noise(512, seed: 3).base64EncodedString()
        let sid = "RE" + TestMedia.noise(16, seed: 4).map { String(format: "%02x", $0) }.joined()
        let base = "/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Recordings/\(sid)"
        let json = """
            {"account_sid":"AC0123456789abcdef0123456789abcdef","api_version":"2010-04-01",\
            "call_sid":"CA89abcdef0123456789abcdef01234567","conference_sid":null,\
            "date_created":"Fri, 14 Oct 2016 21:56:34 +0000","date_updated":"Fri, 14 Oct 2016 21:56:36 +0000",\
            "start_time":"Fri, 14 Oct 2016 21:56:34 +0000","duration":"4","sid":"\(sid)","price":null,"price_unit":"USD",\
            "status":"completed","channels":1,"source":"OutboundAPI","error_code":null,"uri":"\(base).json",\
            "encryption_details":{"type":"rsa-aes","public_key_sid":"CR0123456789abcdef0123456789abcdef",\
            "encrypted_cek":"\(key)","iv":"8I2hhNIYNTrwxfHk"},\
            "subresource_uris":{"add_on_results":"\(base)/AddOnResults.json","transcriptions":"\(base)/Transcriptions.json"},\
            "media_url":"https://api.twilio.com\(base)"}
            """
        let packed = coder.encode(Array(json.utf8))
        #expect(json.utf8.count > 1700)
        #expect(packed.count < 850, "\(packed.count) bytes")
        #expect(packed.withUnsafeBytes { coder.decode($0) } == Array(json.utf8))
    }
}
