"""The vendor's table of access points once more, so that a typo in regions.yaml shows."""

from __future__ import annotations

from typing import NamedTuple


class VendorRow(NamedTuple):
    """One row of the vendor's table."""

    id: str
    name: str
    public: str
    vpc: str


_TABLE = """
cn-hangzhou     China (Hangzhou)
    tracing-analysis-dc-hz.aliyuncs.com
    tracing-analysis-dc-hz-internal.aliyuncs.com
cn-shanghai     China (Shanghai)
    tracing-analysis-dc-sh.aliyuncs.com
    tracing-analysis-dc-sh-internal.aliyuncs.com
cn-qingdao      China (Qingdao)
    tracing-analysis-dc-qd.aliyuncs.com
    tracing-analysis-dc-qd-internal.aliyuncs.com
cn-beijing      China (Beijing)
    tracing-analysis-dc-bj.aliyuncs.com
    tracing-analysis-dc-bj-internal.aliyuncs.com
cn-zhangjiakou  China (Zhangjiakou)
    tracing-analysis-dc-zb.aliyuncs.com
    tracing-analysis-dc-zb-internal.aliyuncs.com
cn-huhehaote    China (Hohhot)
    tracing-cn-huhehaote.arms.aliyuncs.com
    tracing-cn-huhehaote-internal.arms.aliyuncs.com
cn-wulanchabu   China (Ulanqab)
    tracing-cn-wulanchabu.arms.aliyuncs.com
    tracing-cn-wulanchabu-internal.arms.aliyuncs.com
cn-shenzhen     China (Shenzhen)
    tracing-analysis-dc-sz.aliyuncs.com
    tracing-analysis-dc-sz-internal.aliyuncs.com
cn-heyuan       China (Heyuan)
    tracing-cn-heyuan.arms.aliyuncs.com
    tracing-cn-heyuan-internal.arms.aliyuncs.com
cn-guangzhou    China (Guangzhou)
    tracing-cn-guangzhou.arms.aliyuncs.com
    tracing-cn-guangzhou-internal.arms.aliyuncs.com
cn-chengdu      China (Chengdu)
    tracing-cn-chengdu.arms.aliyuncs.com
    tracing-cn-chengdu-internal.arms.aliyuncs.com
cn-hongkong     China (Hong Kong)
    tracing-analysis-dc-hk.aliyuncs.com
    tracing-analysis-dc-hk-internal.aliyuncs.com
ap-northeast-1  Japan (Tokyo)
    tracing-analysis-dc-jp.aliyuncs.com
    tracing-analysis-dc-jp-internal.aliyuncs.com
ap-southeast-1  Singapore
    tracing-analysis-dc-sg.aliyuncs.com
    tracing-analysis-dc-sg-internal.aliyuncs.com
ap-southeast-3  Malaysia (Kuala Lumpur)
    tracing-ap-southeast-3.arms.aliyuncs.com
    tracing-ap-southeast-3-internal.arms.aliyuncs.com
ap-southeast-5  Indonesia (Jakarta)
    tracing-analysis-dc-indonesia.aliyuncs.com
    tracing-analysis-dc-indonesia-internal.aliyuncs.com
eu-central-1    Germany (Frankfurt)
    tracing-analysis-dc-frankfurt.aliyuncs.com
    tracing-analysis-dc-frankfurt-internal.aliyuncs.com
eu-west-1       UK (London)
    tracing-analysis-dc-lundun.aliyuncs.com
    tracing-analysis-dc-lundun-internal.aliyuncs.com
us-west-1       US (Silicon Valley)
    tracing-analysis-dc-usw.aliyuncs.com
    tracing-analysis-dc-usw-internal.aliyuncs.com
us-east-1       US (Virginia)
    tracing-us-east-1.arms.aliyuncs.com
    tracing-us-east-1-internal.arms.aliyuncs.com
me-central-1    SAU (Riyadh, partner region)
    tracing-me-central-1.arms.aliyuncs.com
    tracing-me-central-1-internal.arms.aliyuncs.com
"""
"""Per region: id and name, the host on the public network, the host in the VPC."""


def _rows(table: str) -> list[VendorRow]:
    lines = table.strip().splitlines()
    rows = []
    for head, public, vpc in zip(lines[::3], lines[1::3], lines[2::3], strict=True):
        region, name = head.split(maxsplit=1)
        rows.append(VendorRow(region, name, public.strip(), vpc.strip()))
    return rows


ROWS = _rows(_TABLE)
