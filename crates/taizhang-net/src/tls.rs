//! TLS 1.3 with raw Ed25519 public keys on both sides (RFC 7250): which bytes are a key, and whether it is the one expected.
//!
//! A dialer that expects a key judges the listener's inside the handshake, before it shows its own. The listener checks
//! the form inside the handshake and asks whether a key is known only after the signature proved it, so nobody can ask
//! that about a key that is not theirs.

use std::{fmt, sync::Arc, sync::OnceLock};

use ed25519_dalek::{Signer as _, SigningKey};
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, PeerIncompatible, SignatureAlgorithm, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls13_signature_with_raw_key},
    pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
    sign::{CertifiedKey, Signer},
    version::TLS13,
};
use sha2::{Digest, Sha256};
use taizhang_core::{
    id::PublicKey,
    planted::{Check, is_off},
};

/// The application protocol; a change of framing or of close codes is a new one.
pub(crate) const ALPN: &[u8] = b"tz/1";

/// `SubjectPublicKeyInfo` of an Ed25519 key up to the key itself (RFC 8410).
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// A node's Ed25519 secret key. Wiped from memory when the last copy goes; the seed it was made from is the caller's to wipe.
#[derive(Clone)]
pub struct NodeKey(Arc<SigningKey>);

impl NodeKey {
    /// The key with this secret seed (RFC 8032).
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(Arc::new(SigningKey::from_bytes(seed)))
    }

    /// What others know this node by.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// A secret for [`ResetKey`](crate::socket::ResetKey) that tells nothing of the key.
    pub(crate) fn reset_secret(&self) -> [u8; 32] {
        Sha256::new().chain_update(b"taizhang stateless reset").chain_update(self.0.as_bytes()).finalize().into()
    }

    fn certified(&self) -> Arc<CertifiedKey> {
        let spki = CertificateDer::from(key_to_spki(&self.public()));
        Arc::new(CertifiedKey::new(vec![spki], Arc::new(self.clone())))
    }
}

impl fmt::Debug for NodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeKey(of {})", self.public())
    }
}

impl rustls::sign::SigningKey for NodeKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered.contains(&SignatureScheme::ED25519).then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        Some(SubjectPublicKeyInfoDer::from(key_to_spki(&self.public())))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ED25519
    }
}

impl Signer for NodeKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.0.sign(message).to_bytes().to_vec())
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

fn key_to_spki(key: &PublicKey) -> Vec<u8> {
    [SPKI_PREFIX.as_slice(), &key.0].concat()
}

/// The key in a raw public key; nothing but Ed25519 in its one form of 44 bytes.
pub(crate) fn spki_to_key(spki: &[u8]) -> Option<PublicKey> {
    PublicKey::from_slice(spki.strip_prefix(&SPKI_PREFIX)?)
}

/// The proven key of the other side; known once the handshake is done.
pub(crate) fn peer_key(connection: &quinn::Connection) -> Option<PublicKey> {
    let chain = connection.peer_identity()?.downcast::<Vec<CertificateDer<'static>>>().ok()?;
    spki_to_key(chain.first()?)
}

/// What one dialing demands of who answers, and who was turned away from.
#[derive(Default)]
pub(crate) struct Demand {
    pub(crate) expected: Option<PublicKey>,
    pub(crate) rejected: OnceLock<Rejected>,
}

/// The dialer turned away: not the key asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rejected {
    pub(crate) expected: PublicKey,
    pub(crate) found: PublicKey,
}

impl Demand {
    fn judge(&self, found: PublicKey) -> Result<(), Rejected> {
        match self.expected {
            Some(expected) if expected != found && !is_off(Check::ExpectedKey) => Err(Rejected { expected, found }),
            _ => Ok(()),
        }
    }
}

/// Takes only raw Ed25519 keys and checks the signature made with them; with a demand, judges the key as well.
struct RawKeys {
    provider: Arc<CryptoProvider>,
    demand: Option<Arc<Demand>>,
}

impl fmt::Debug for RawKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RawKeys")
    }
}

impl RawKeys {
    fn check_key(&self, key: &CertificateDer<'_>, more: &[CertificateDer<'_>]) -> Result<(), Error> {
        let key = spki_to_key(key).filter(|_| more.is_empty()).ok_or(Error::InvalidCertificate(CertificateError::BadEncoding))?;
        let Some(demand) = &self.demand else {
            return Ok(());
        };
        demand.judge(key).map_err(|rejected| {
            // The slot is empty: one dialing has one handshake, and it ends here.
            let _ = demand.rejected.set(rejected);
            Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure)
        })
    }

    fn check_signature(
        &self,
        message: &[u8],
        key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature_with_raw_key(
            message,
            &SubjectPublicKeyInfoDer::from(key.as_ref()),
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }
}

fn no_tls12() -> Result<HandshakeSignatureValid, Error> {
    Err(Error::PeerIncompatible(PeerIncompatible::Tls12NotOffered))
}

impl ServerCertVerifier for RawKeys {
    fn verify_server_cert(
        &self,
        key: &CertificateDer<'_>,
        more: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.check_key(key, more).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        no_tls12()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_signature(message, key, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

impl ClientCertVerifier for RawKeys {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        key: &CertificateDer<'_>,
        more: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.check_key(key, more).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        no_tls12()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_signature(message, key, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// For one dialing.
pub(crate) fn client_config(key: &NodeKey, demand: Arc<Demand>) -> QuicClientConfig {
    client_config_speaking(key, demand, ALPN)
}

/// [`client_config`] with another application protocol; tests use it to be a stranger.
pub(crate) fn client_config_speaking(key: &NodeKey, demand: Arc<Demand>, alpn: &[u8]) -> QuicClientConfig {
    let provider = provider();
    let verifier = RawKeys { provider: provider.clone(), demand: Some(demand) };
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .expect("ring has TLS 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_cert_resolver(Arc::new(rustls::client::AlwaysResolvesClientRawPublicKeys::new(key.certified())));
    config.alpn_protocols = vec![alpn.to_vec()];
    config.enable_sni = false;
    config.resumption = rustls::client::Resumption::disabled();
    QuicClientConfig::try_from(config).expect("ring has the suite of QUIC's first packets")
}

/// For the listener.
pub(crate) fn server_config(key: &NodeKey) -> QuicServerConfig {
    let provider = provider();
    let verifier = RawKeys { provider: provider.clone(), demand: None };
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .expect("ring has TLS 1.3")
        .with_client_cert_verifier(Arc::new(verifier))
        .with_cert_resolver(Arc::new(rustls::server::AlwaysResolvesServerRawPublicKeys::new(key.certified())));
    config.alpn_protocols = vec![ALPN.to_vec()];
    // Tickets cost bytes on every connection, and resumption would skip the check of the key.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    QuicServerConfig::try_from(config).expect("ring has the suite of QUIC's first packets")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn only_the_one_form_of_an_ed25519_key_is_a_key() {
        let key = NodeKey::from_seed(&[3; 32]).public();
        let good = key_to_spki(&key);
        assert_eq!(good.len(), 44);
        assert_eq!(spki_to_key(&good), Some(key));
        for at in 0..SPKI_PREFIX.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert_eq!(spki_to_key(&bad), None, "byte {at}");
        }
        for len in (0..44).chain([45, 60]) {
            let mut bad = good.clone();
            bad.resize(len, 0);
            assert_eq!(spki_to_key(&bad), None, "length {len}");
        }
    }

    #[test]
    fn the_key_is_that_of_rfc_8032() {
        let seed = taizhang_core::id::from_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").unwrap();
        let key = NodeKey::from_seed(&seed.try_into().unwrap());
        let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        assert_eq!(key.public().to_string(), public);
        assert_eq!(format!("{key:?}"), format!("NodeKey(of {public})"));
    }

    #[test]
    fn a_demand_is_met_by_the_key_expected_and_by_any_where_none_is() {
        let [a, b] = [PublicKey([1; 32]), PublicKey([2; 32])];
        let demand = |expected| Demand { expected, rejected: OnceLock::new() };
        assert!(demand(None).judge(a).is_ok());
        assert!(demand(Some(a)).judge(a).is_ok());
        assert!(matches!(demand(Some(b)).judge(a), Err(Rejected { expected, found }) if expected == b && found == a));
    }
}
