import TestSupport
import Testing

@testable import TwilioAPI

@Suite("Addresses of media outside of Twilio", .orderly)
struct ForeignLocationTests {
    @Test(
        "A path is written as a signature covers it, however the resource spells it",
        arguments: [
            ("/a/b.wav", "/a/b.wav"), ("/with space", "/with%20space"), ("/with%20space", "/with%20space"),
            ("/a+b", "/a%2Bb"), ("/a%2bb", "/a%2Bb"), ("/ü", "/%C3%BC"), ("/%c3%bc", "/%C3%BC"),
            ("/50%", "/50%25"), ("/50%zz", "/50%25zz"), ("/50%25", "/50%25"), ("/%2520", "/%2520"),
            ("/a//b///c", "/a//b///c"), ("/t~i.l_d-e", "/t~i.l_d-e"), ("/%7e", "/~"), ("/a%2Fb", "/a/b"),
            ("/(x)*'!$&,;=:@", "/%28x%29%2A%27%21%24%26%2C%3B%3D%3A%40"), ("/./x/../y", "/./x/../y"), ("", "/"),
            ("/%00", "/%00"),
        ])
    func path(written: String, canonical: String) {
        #expect(ForeignLocation("https://h.example" + written)?.path == canonical)
    }

    @Test("In an s3:// address the key stands as it is")
    func bare() {
        let location = ForeignLocation("s3://bucket/a b%20?x#y")
        #expect(location?.host == "bucket" && location?.path == "/a%20b%2520%3Fx%23y" && location?.query == nil)
    }

    @Test(
        "Of a query the version of the object stays, and nothing else",
        arguments: [
            ("?versionId=abc", "versionId=abc"), ("?x=1&versionId=a/b", "versionId=a%2Fb"), ("?x=1", nil), ("?", nil),
            ("#fragment", nil), ("?versionId=", nil), ("?versionId=a#b", "versionId=a"),
        ] as [(String, String?)])
    func query(written: String, kept: String?) {
        let location = ForeignLocation("https://h.example/key" + written)
        #expect(location?.query == kept && location?.path == "/key")
    }

    @Test(
        "What isn't an address is none, and neither is one with a user's name",
        arguments: [
            "", "h.example/key", "ftp://h.example/key", "https://", "https:///key", "https://user@h.example/key",
            "https://user:word@h.example/key", "https://h.example:port/key", "https://h.example:0/key",
            "https://h.example:99999/key", "https://h example/key", "https://[::1]/key", "javascript://x/y",
            "https://h.example/" + String(repeating: "a", count: 9000),
        ])
    func malformed(text: String) {
        #expect(ForeignLocation(text) == nil)
    }

    @Test("Host and port are read as they are compared")
    func authority() {
        let location = ForeignLocation("HTTPS://Bucket.S3.AmazonAWS.com:8443/Key")
        #expect(location?.scheme == "https" && location?.host == "bucket.s3.amazonaws.com")
        #expect(location?.port == ":8443" && location?.path == "/Key")
    }
}
