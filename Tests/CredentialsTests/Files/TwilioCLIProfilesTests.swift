import TestSupport
import Testing

@testable import Credentials

@Suite("Profiles of Twilio's command line", .orderly)
struct TwilioCLIProfilesTests {
    private typealias Profile = TwilioCLIProfiles.Profile

    /// A file as version 6 of the command line writes it.
    private static let current = #"""
        {"edge":"dublin","email":{},"requireProfileInput":false,"prompts":{"acked":{"acked":true}},"projects":[],
        "profiles":{"live":{"accountSid":" AC1 ","region":"ie1","apiKey":"SK1","apiSecret":"secret1"},
        "test":{"accountSid":"AC2","edge":"sydney","region":"au1","apiKey":"SK2","apiSecret":"secret2"}},
        "activeProject":"test"}
        """#

    private func profiles(_ text: String) throws -> TwilioCLIProfiles {
        try #require(TwilioCLIProfiles(Array(text.utf8)))
    }

    @Test("A profile has account, region, edge and key; the edge of all profiles counts where it has none")
    func current() throws {
        let found = try profiles(Self.current)
        #expect(found.names == ["live", "test"])
        #expect(
            found["live"]
                == Profile(
                    name: "live", accountSID: "AC1", region: "ie1", edge: "dublin", apiKey: "SK1", apiSecret: "secret1")
        )
        #expect(found[" test "]?.edge == "sydney")
        #expect(found["absent"] == nil)
        #expect(found.active?.name == "test")
    }

    @Test("Profiles from before version 3 have no key in the file, and the first is active where none is chosen")
    func older() throws {
        let projects = #"""
            "projects":[{"id":"old","accountSid":"AC3","region":"us1"},{"id":"other","accountSid":"AC4"}]
            """#
        let first = try profiles("{\(projects)}")
        #expect(first.active?.name == "old" && first.active?.apiSecret == nil && first.active?.region == "us1")
        #expect(try profiles(#"{\#(projects),"activeProject":"other"}"#).active?.accountSID == "AC4")
        #expect(try profiles(#"{\#(projects),"activeProject":"gone"}"#).active?.name == "old")
    }

    @Test("No profile is active where none was chosen, or where the user wants to name one in each command")
    func noneActive() throws {
        #expect(try profiles(#"{"profiles":{"live":{}}}"#).active == nil)
        #expect(try profiles(#"{"profiles":{"live":{}},"activeProject":null}"#).active == nil)
        #expect(
            try profiles(#"{"profiles":{"live":{}},"activeProject":"live","requireProfileInput":true}"#).active == nil)
        #expect(try profiles("{}").names.isEmpty)
    }

    @Test(
        "What isn't such a file is none", arguments: ["", "[]", "null", #"{"profiles":[]}"#, #"{"profiles":{"a":1}}"#])
    func foreign(_ text: String) {
        #expect(TwilioCLIProfiles(Array(text.utf8)) == nil)
    }

    @Test("A profile is printed without its secret")
    func printing() throws {
        let profile = try #require(try profiles(Self.current)["live"])
        for text in ["\(profile)", String(reflecting: profile), "\(Mirror(reflecting: profile).children.map(\.value))"]
        {
            #expect(text.contains("live") && !text.contains("secret1"))
        }
    }
}
