package main

import (
	"errors"

	"github.com/elicense/elicense/internal/ses"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/signing/impression"
)

// sealWords says why a seal is not made, and what to do about it.
var sealWords = map[signing.SealReason][2]string{
	signing.SealReasonConfig:     {"私钥、证书和印章不相配", "key, certificate and seal do not belong together"},
	signing.SealReasonMaker:      {"这不是制章人证书；请用制章人模板（seal-maker）签发的证书制章", "this is no seal maker's certificate; use one of the profile seal-maker"},
	signing.SealReasonUsage:      {"证书的密钥用法不含数字签名和不可抵赖", "the certificate's key usage lacks digital signature or non-repudiation"},
	signing.SealReasonPurpose:    {"签章人证书不是用于此种印章的；行政审批专用章须用 approval-seal 模板的证书", "the signer's certificate is not for such a seal; approvals need one of the profile approval-seal"},
	signing.SealReasonExpired:    {"证书不在有效期内", "a certificate is not valid now"},
	signing.SealReasonValidity:   {"印章有效期不对：止应晚于起，未过期，且不超过十年", "the validity of the seal makes no sense, has ended, or is longer than ten years"},
	signing.SealReasonID:         {"印章编码应为 14 位数字：6 位区划加 8 位顺序号", "the seal code has 14 digits: division and serial number"},
	signing.SealReasonName:       {"印章名称与签章人证书不符：应为证书中的名称加用途", "the name is not that of the certificate, followed by the usage"},
	signing.SealReasonPicture:    {"图片不能用：应为 png、gif、jpg 或 ofd，不大于 512 KiB、100 毫米", "the picture cannot be used: png, gif, jpg or ofd, up to 512 KiB and 100 mm"},
	signing.SealReasonSigners:    {"签章人证书缺少、重复或过多", "the signers' certificates are missing, repeated or too many"},
	signing.SealReasonNotListed:  {"证书不在印章的签章人列表中", "the certificate is not on the seal's list"},
	signing.SealReasonSignature:  {"制章人的签名不能通过验证", "the seal maker's signature does not verify"},
	signing.SealReasonForm:       {"印章的格式或内容不合标准", "form or values are not what the standard wants"},
	signing.SealReasonProperty:   {"签章的原文路径不对", "the path of the sealed file is wrong"},
	signing.SealReasonContent:    {"没有可签章的内容，或内容过大", "there is nothing to seal, or too much"},
	signing.SealReasonTimestamp:  {"时间戳令牌不是对此签名的", "the time-stamp token is not over this signature"},
	signing.SealReasonAlgorithms: {"只支持 SM2 和 SM3", "SM2 with SM3 alone is supported"},
}

// drawWords says why a seal is not drawn.
var drawWords = map[impression.Reason][2]string{
	impression.ReasonNoFont: {
		"绘制文字需要字体：请安装 fonts-wqy-microhei 或 fonts-lxgw-wenkai（Debian 软件包），或用 --font 指定字体文件；仅供演示可用 --textless",
		"characters need a font: install Debian's fonts-wqy-microhei or fonts-lxgw-wenkai, or name a file with --font; " +
			"for a demonstration --textless will do",
	},
	impression.ReasonFont:   {"字体文件不能读取：须为 TrueType 或 OpenType", "the font cannot be read: TrueType or OpenType is wanted"},
	impression.ReasonGlyph:  {"字体中没有这个字；请换一种字体", "the font lacks a character; take another"},
	impression.ReasonLong:   {"文字过长，放不下", "the text does not fit"},
	impression.ReasonDesign: {"缺少名称，或该种印章没有此项", "a name is missing, or such a seal has no such part"},
}

// sealSentence is the refusal to make, draw or read a seal in the user's language.
func (w *world) sealSentence(err error) (sentence, bool) {
	if reason := signing.SealReasonOf(err); reason != "" {
		words := sealWords[reason]
		return sentence{"seal-" + string(reason), w.say(words[0], words[1])}, true
	}
	if reason := impression.ReasonOf(err); reason != "" {
		words := drawWords[reason]
		return sentence{"draw-" + string(reason), w.say(words[0], words[1])}, true
	}
	for _, known := range []error{ses.ErrMalformed, ses.ErrVersion, ses.ErrLimit} {
		if errors.Is(err, known) {
			return sentence{"seal-unreadable", w.say("这不是电子印章或签章，或已损坏", "this is no seal and no signature with one, or it is damaged")}, true
		}
	}
	return sentence{}, false
}
