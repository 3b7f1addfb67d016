// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package isolation

import (
	"net/netip"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// metadataAddresses are where clouds serve the metadata of a node, which can include the
// node's credentials: most clouds by IPv4, AWS and Google Cloud by IPv6 too.
var metadataAddresses = []netip.Addr{
	netip.MustParseAddr("169.254.169.254"), netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("fd20:ce::254"),
}

// IPBlockOf returns an address block of egress as a NetworkPolicy names it. It leaves out the
// addresses of metadata, unless it is one of them alone.
func IPBlockOf(cidr string) *networkingv1.IPBlock {
	block := &networkingv1.IPBlock{CIDR: canonical(cidr)}
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil || prefix.IsSingleIP() {
		return block
	}
	for _, address := range metadataAddresses {
		if prefix.Contains(address) {
			block.Except = append(block.Except, netip.PrefixFrom(address, address.BitLen()).String())
		}
	}
	return block
}

// canonical returns an address block that begins with its first address, such as 10.0.0.0/8 for
// 10.0.0.1/8. Objects from before the validation rule may have another one, which a newer API
// server refuses in a NetworkPolicy (the feature gate StrictIPCIDRValidation).
func canonical(cidr string) string {
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil || prefix == prefix.Masked() {
		return cidr
	}
	return prefix.Masked().String()
}

// canonicalRules returns rules with canonical blocks, each once: two may become the same.
func canonicalRules(rules []v1alpha1.EgressRule) []v1alpha1.EgressRule {
	all := slices.Clone(rules)
	for i := range all {
		var blocks []string
		for _, cidr := range all[i].CIDRs {
			if block := canonical(cidr); !slices.Contains(blocks, block) {
				blocks = append(blocks, block)
			}
		}
		all[i].CIDRs = blocks
	}
	return all
}
