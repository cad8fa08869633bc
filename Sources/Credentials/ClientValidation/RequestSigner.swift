public import Envelope
import FoundationEssentials
import Transfer
public import TwilioAPI

/// Makes the tokens of Public Key Client Validation: each proves who sends one request, and that nobody has changed it.
///
/// The signature is OpenSSL's, through ``HeldPrivateKey``; only the form is made here. It is a JSON Web Token (RFC
/// 7519) in which nothing varies but a time, SIDs and a hash: a library for such tokens would bring more than it saves,
/// its own cryptography above all.
public struct RequestSigner: Sendable {
    /// For how long a token is valid, in seconds, as in Twilio's own libraries.
    static let lifetime: Int64 = 300

    /// The account in which the public key is.
    public let account: SID
    /// The SID of the public key, `CR…`.
    public let publicKeySID: SID
    private let key: any HeldPrivateKey

    /// Makes a signer.
    ///
    /// - Parameters:
    ///   - account: The account whose API key sends the requests.
    ///   - publicKeySID: The SID of the public key that the account has.
    ///   - key: The private key that belongs to it.
    public init(account: SID, publicKeySID: SID, key: any HeldPrivateKey) {
        self.account = account
        self.publicKeySID = publicKeySID
        self.key = key
    }

    /// Makes the token of a request; nil for one whose URL can't be used, or without the SID of an API key.
    ///
    /// There is no `nbf` ("not before"): a clock that is a second fast would make tokens that aren't valid yet.
    ///
    /// - Parameters:
    ///   - credential: The API key with which the request is sent.
    ///   - now: The time in seconds since 1970.
    func token(
        for request: OutgoingRequest, credential: Credential, now: Int64
    ) throws(EnvelopeError) -> String? {
        guard let issuer = SID(credential.username),
            let canonical = try CanonicalRequest(request, authorization: credential.fieldValue)
        else { return nil }
        let claims =
            #"{"hrh":"\#(CanonicalRequest.signedFields)","rqh":"\#(try canonical.hash)","#
            + #""iss":"\#(issuer)","exp":\#(now + Self.lifetime),"sub":"\#(account)"}"#
        let signed = "\(header).\(Self.base64URL(claims.utf8))"
        let signature = try key.signature(of: Array(signed.utf8).span.bytes)
        return "\(signed).\(Self.base64URL(signature))"
    }

    /// Whether a token names this signer's public key, of which there is one private key only.
    func isMaker(of token: String) -> Bool { token.hasPrefix("\(header).") }

    /// The first part of each token.
    private var header: String {
        Self.base64URL(#"{"alg":"RS256","cty":"twilio-pkrv;v=1","kid":"\#(publicKeySID)","typ":"JWT"}"#.utf8)
    }

    /// Base64 for URLs without padding (RFC 7515, section 2).
    private static func base64URL(_ bytes: some Sequence<UInt8>) -> String {
        String(
            decoding: Data(bytes).base64EncodedData().lazy.filter { $0 != UInt8(ascii: "=") }.map { digit in
                switch digit {
                case UInt8(ascii: "+"): UInt8(ascii: "-")
                case UInt8(ascii: "/"): UInt8(ascii: "_")
                default: digit
                }
            }, as: UTF8.self)
    }
}
