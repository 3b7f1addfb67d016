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

// Block returns an address block of egress as a NetworkPolicy names it. A larger block leaves
// out the addresses of metadata; an entry that names one of them alone permits it.
func Block(cidr string) *networkingv1.IPBlock {
	block := &networkingv1.IPBlock{CIDR: cidr}
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

// isBlock reports whether a NetworkPolicy accepts a text as an address block.
func isBlock(cidr string) bool {
	block, err := netip.ParsePrefix(cidr)
	return err == nil && !block.Addr().Is4In6() && block == block.Masked()
}

// withoutInvalid returns the rules whose address blocks are all valid. No pod has the others:
// the API server refused the NetworkPolicy.
func withoutInvalid(rules []v1alpha1.EgressRule) []v1alpha1.EgressRule {
	return slices.DeleteFunc(slices.Clone(rules), func(rule v1alpha1.EgressRule) bool {
		return slices.ContainsFunc(rule.CIDRs, func(cidr string) bool { return !isBlock(cidr) })
	})
}
