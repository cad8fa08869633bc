import Support
import TestSupport
import Testing

@testable import TwilioAPI

/// The sentences that a mount ends with when credentials reach a part of what is to be shown.
@Suite("What refused lists mean together", .orderly)
struct CredentialVerdictTests {
    private static let account = SID("AC" + String(repeating: "1", count: 32))
    private static let others = ["2", "3", "4"].compactMap { SID("AC" + String(repeating: $0, count: 32)) }

    /// The refusal of a list by the host of its API.
    private static func refusal(
        _ kind: MediaKind, _ status: Int, _ code: Int?, _ reason: String = "", user: String? = nil
    ) -> TwilioError {
        let host = kind == .voiceRecording ? "api.twilio.com" : "video.twilio.com"
        return TwilioError(
            status == 404 ? .notFound : .unauthorized, "\(host) refused the list of \(kind.pluralName)",
            details: .init(twilioCode: code, status: status, host: host, reason: .init(reason), user: user))
    }

    private static func unreachable(_ kind: MediaKind) -> TwilioError {
        TwilioError(
            .unreachable,
            "the list of \(kind.pluralName) could not be fetched: video.dublin.ie1.twilio.com has no address")
    }

    /// The error for the outcomes of one account, by kind; nil for a list that is reached.
    private func error(
        _ outcomes: KeyValuePairs<MediaKind, TwilioError?>, region: String? = nil
    ) throws -> TwilioError? {
        let account = try #require(Self.account)
        return CredentialVerdict(
            outcomes: outcomes.map { ListOutcome(account: account, kind: $0, error: $1) }, isOfSubaccounts: false,
            regionWithoutVideo: region
        ).error
    }

    @Test("Lists that are all reached are no error")
    func reached() throws {
        #expect(try error([.voiceRecording: nil, .videoRecording: nil, .composition: nil]) == nil)
    }

    @Test("One sentence says which kinds are refused, by whom, with which numbers, and which --kinds would work")
    func part() throws {
        let video = try error([
            .voiceRecording: nil, .videoRecording: Self.refusal(.videoRecording, 401, 20003, "Authenticate"),
            .composition: Self.refusal(.composition, 401, 20003, "Authenticate"),
        ])
        #expect(video?.code == .listsRefused)
        #expect(
            video?.message
                == "video.twilio.com refuses the lists of video recordings and compositions"
                + " (error 20003, status 401: Authenticate); give --kinds voice to mount the rest,"
                + " or give other credentials for video with --video-credentials")
        let voice = try error([
            .voiceRecording: Self.refusal(.voiceRecording, 403, 20403, user: "SK1"), .videoRecording: nil,
            .composition: nil,
        ])
        #expect(
            voice?.message
                == "api.twilio.com refuses the list of voice recordings to SK1 (error 20403, status 403);"
                + " give --kinds video,compositions to mount the rest")
        #expect(voice?.status == 403 && voice?.twilioCode == 20403)
    }

    @Test("Different answers are told apart, and reasons that differ within an answer are left out")
    func different() throws {
        let mixed = try error([
            .voiceRecording: Self.refusal(.voiceRecording, 401, 20003),
            .videoRecording: Self.refusal(.videoRecording, 404, 20404), .composition: nil,
        ])
        #expect(
            mixed?.message
                == "api.twilio.com refuses the list of voice recordings (error 20003, status 401),"
                + " and video.twilio.com refuses the list of video recordings (error 20404, status 404);"
                + " give --kinds compositions to mount the rest")
        let alike = try error([
            .voiceRecording: nil, .videoRecording: Self.refusal(.videoRecording, 404, nil, "no /v1/Recordings"),
            .composition: Self.refusal(.composition, 404, nil, "no /v1/Compositions"),
        ])
        #expect(alike?.message.contains("compositions (status 404);") == true)
    }

    @Test("Credentials that nobody knows are wrong, an account that nobody knows isn't there")
    func nothing() throws {
        let wrong = try error([
            .voiceRecording: Self.refusal(.voiceRecording, 401, 20003),
            .videoRecording: Self.refusal(.videoRecording, 401, 20003),
        ])
        #expect(wrong?.code == .unauthorized)
        let unknown = try error([
            .voiceRecording: Self.refusal(.voiceRecording, 404, 20404),
            .videoRecording: Self.refusal(.videoRecording, 401, 20003),
        ])
        #expect(unknown?.code == .notFound)
        let forbidden = try error([.videoRecording: Self.refusal(.videoRecording, 403, 20403)])
        #expect(forbidden?.code == .listsRefused)
        let fact = "; the credentials reach nothing that is to be shown: allow them to list and read it, or give others"
        let end = "\(fact) for video with --video-credentials"
        #expect(forbidden?.message.hasSuffix(end) == true, "\(forbidden?.message ?? "")")
        #expect(forbidden?.message.contains("--kinds") == false)
        // A restricted key that Twilio knows is refused by video like one that it doesn't know.
        let video = try error([.videoRecording: Self.refusal(.videoRecording, 401, 20003)])
        #expect(video?.code == .listsRefused && video?.message.hasSuffix(end) == true)
        let voice = try error([.voiceRecording: Self.refusal(.voiceRecording, 403, 20403)])
        #expect(voice?.message.hasSuffix(fact) == true)
    }

    @Test("A refusal precedes a failure that may pass, which is told if nothing is refused")
    func failures() throws {
        let both = try error([
            .voiceRecording: Self.refusal(.voiceRecording, 401, 20003),
            .videoRecording: Self.unreachable(.videoRecording),
        ])
        #expect(both?.code == .listsRefused && both?.status == 401)
        #expect(
            both?.message
                == "api.twilio.com refuses the list of voice recordings (error 20003, status 401);"
                + " the list of video recordings could not be fetched: video.dublin.ie1.twilio.com has no address",
            "nobody knows whether the credentials reach nothing, or video")
        for status in [429, 503] {
            let busy = TwilioError(
                .refused, "api.twilio.com failed to send the list of voice recordings (status \(status))",
                status: status)
            let mixed = try error([
                .voiceRecording: busy, .videoRecording: Self.refusal(.videoRecording, 403, 20403), .composition: nil,
            ])
            #expect(
                mixed?.message
                    == "video.twilio.com refuses the list of video recordings (error 20403, status 403);"
                    + " api.twilio.com failed to send the list of voice recordings (status \(status));"
                    + " give --kinds compositions to mount the rest")
            #expect(try error([.voiceRecording: busy, .videoRecording: nil])?.status == status)
        }
        let ended = try error([
            .voiceRecording: Self.refusal(.voiceRecording, 403, nil),
            .videoRecording: TwilioError(.unreachable, "video.twilio.com sent nothing for 15.0 seconds."),
            .composition: nil,
        ])
        #expect(
            ended?.message.hasSuffix("sent nothing for 15.0 seconds; give --kinds compositions to mount the rest")
                == true,
            "\(ended?.message ?? "")")
        let failed = try error([.voiceRecording: nil, .videoRecording: Self.unreachable(.videoRecording)])
        #expect(failed?.code == .unreachable)
    }

    @Test("Where the region has no video the sentence says so, whether its host refuses or isn't there")
    func region() throws {
        for error in [Self.refusal(.videoRecording, 404, 20404), Self.unreachable(.videoRecording)] {
            let found = try self.error([.voiceRecording: nil, .videoRecording: error], region: "ie1")
            #expect(found?.code == .listsRefused)
            #expect(
                found?.message.hasSuffix("; the region ie1 has no video; give --kinds voice to mount the rest") == true,
                "\(found?.message ?? "")")
        }
        let alone = try error([.videoRecording: Self.refusal(.videoRecording, 401, 20003)], region: "au1")
        #expect(
            alone?.message.hasSuffix(
                "; the region au1 has no video; the credentials reach nothing that is to be shown") == true)
        #expect(alone?.code == .listsRefused)
        let wrong = try error(
            [
                .voiceRecording: Self.refusal(.voiceRecording, 401, 20003),
                .videoRecording: Self.refusal(.videoRecording, 401, 20003),
            ], region: "ie1")
        #expect(wrong?.code == .unauthorized)
        let voice = try error(
            [.voiceRecording: Self.refusal(.voiceRecording, 403, nil), .videoRecording: nil], region: "ie1")
        #expect(voice?.message.contains("region") == false)
        let network = try error(
            [
                .voiceRecording: Self.unreachable(.voiceRecording), .videoRecording: Self.unreachable(.videoRecording),
            ], region: "ie1")
        #expect(network?.code == .unreachable)
    }

    @Test("A subaccount that is refused is named, with what to do about it")
    func subaccounts() throws {
        func verdict(_ refusing: ArraySlice<SID>, _ kind: MediaKind) -> String? {
            CredentialVerdict(
                outcomes: Self.others.flatMap { account in
                    [.voiceRecording, kind].map {
                        ListOutcome(
                            account: account, kind: $0,
                            error: $0 == kind && refusing.contains(account) ? Self.refusal(kind, 401, 20003) : nil)
                    }
                }, isOfSubaccounts: true, regionWithoutVideo: nil
            ).error?.message
        }
        let one = try #require(verdict(Self.others[1...1], .videoRecording))
        #expect(
            one == "video.twilio.com refuses the list of video recordings of the subaccount \(Self.others[1])"
                + " (error 20003, status 401); correct the subaccount's line in the file of --subaccount-credentials"
                + " or --video-credentials, or remove it, or give --kinds voice to mount the rest")
        let many = try #require(verdict(Self.others[...], .videoRecording))
        #expect(many.contains(", and lists of 2 other subaccounts are refused as well;"))
        #expect(verdict([], .videoRecording) == nil)
        let voice = try #require(verdict(Self.others[...0], .voiceRecording))
        #expect(voice.hasSuffix("; mount without --subaccounts"))
    }
}
